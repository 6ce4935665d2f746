// The commands and questions of the documentation, carried out as they stand there, page by page.
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, pages, textOfPage, type Block } from './support/markdown.ts';
import { newDir } from './support/places.ts';
import { until } from './support/until.ts';
import { parseLines, pathOf, serve, type Server } from './support/weft.ts';

const RUN = 'sh run';
const SERVE = 'sh serve';
const DOCUMENTED_URL = 'http://127.0.0.1:8080';
/** The archive is a second behind: questions are asked until the answer is there. */
const IS_QUESTION = /weft query|\/v1\/sql/;
const CHANGES = /\/v1\/events|weft ingest/;

describe.each(pages().filter((page) => blocksOf(page).some(({ info }) => info === RUN)))(
  '%s',
  (page) => {
    const blocks = blocksOf(page);
    let cwd: string;
    let server: Server | undefined;

    beforeAll(() => {
      cwd = newClone();
    });
    afterAll(async () => {
      await server?.stop();
    });

    it.each(blocks.flatMap(toStep))('$title', async ({ block, answer }) => {
      if (block.info === SERVE) {
        server = await serveAsOn(block, cwd);
        return;
      }
      const run = (): Promise<string> => runIn(cwd, block.text, server?.url);
      let said = await run();
      expect(said).not.toBe('');
      if (answer === undefined) return;
      if (IS_QUESTION.test(block.text) && !CHANGES.test(block.text)) {
        await until('the answer of the page', async () => {
          if (matches(answer, said)) return true;
          said = await run();
          return false;
        }).catch(() => undefined);
      }
      expect(matches(answer, said) ? answer.text : said).toBe(answer.text);
    });

    function toStep(block: Block, index: number) {
      if (block.info !== RUN && block.info !== SERVE) return [];
      const next = blocks[index + 1];
      const answer = next?.info.endsWith(' answer') ? next : undefined;
      return [{ title: `line ${block.line}: ${block.text.trim().split('\n')[0]}`, block, answer }];
    }
  },
);

describe('every question in SQL', () => {
  let server: Server | undefined;
  beforeAll(async () => {
    const cwd = newClone();
    const data = ['--data-dir', './tour'];
    const file = 'docs/examples/carts.ndjson';
    const given = ['--format', 'canonical', '--triggers', 'on', '--until', '2026-03-08T12:00:00Z'];
    await runIn(cwd, ['npx weft ingest', file, ...given, ...data].join(' '));
    server = await serve(join(cwd, 'tour'));
  });
  afterAll(async () => {
    await server?.stop();
  });
  const ask = async (query: string) => {
    const response = await fetch(`${server?.url ?? ''}/v1/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const body = (await response.json()) as { data: Record<string, string>[]; detail?: string };
    return { status: response.status, ...body };
  };

  it.each(
    pages()
      .flatMap(blocksOf)
      .filter(({ info }) => info === 'sql query')
      .map((block) => ({ at: `${block.page}:${block.line}`, block })),
  )('$at is answered', async ({ block }) => {
    expect(await ask(block.text)).toMatchObject({ status: 200 });
  });

  it('is about tables whose every column is in the reference, and no other', async () => {
    const { data } = await ask(
      "SELECT table, name FROM system.columns WHERE database = 'weft' ORDER BY table, position",
    );
    const there = data.map(({ table, name }) => `${table}.${name}`);
    const named = textOfPage('docs/reference/tables.md')
      .split(/^## weft\./m)
      .slice(1)
      .flatMap((section) => {
        const [table = ''] = section.split('\n');
        const columns = /`tenant`[\s\S]*?(?:\n\n|$)/.exec(section)?.[0] ?? '';
        return [...columns.matchAll(/`(\w+)`/g)].map(([, name]) => `${table}.${name}`);
      });
    expect([...new Set(named)].toSorted()).toEqual(there.toSorted());
  });
});

/** What a clone has that the pages speak of, and the two commands they use. */
function newClone(): string {
  const dir = newDir();
  cpSync(pathOf('docs'), join(dir, 'docs'), { recursive: true });
  cpSync(pathOf('catalogue'), join(dir, 'catalogue'), { recursive: true });
  mkdirSync(join(dir, 'bin'));
  const command = (name: string, line: string): void => {
    writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(dir, 'bin', name), 0o755);
  };
  command('npx', `shift; exec "${process.execPath}" "${pathOf('bin/weft')}" "$@"`);
  command('curl', `exec "${process.execPath}" "${pathOf('test/support/curl.mjs')}" "$@"`);
  return dir;
}

/** `npx weft serve …` of a page: on a free port, its directories where the page is carried out. */
function serveAsOn({ text }: Block, cwd: string): Promise<Server> {
  const args = text.trim().split(/\s+/).slice(3);
  const here = args.map((arg) => (arg.startsWith('./') ? join(cwd, arg) : arg));
  const at = here.indexOf('--data-dir');
  const dataDir = at < 0 ? join(cwd, 'weft-data') : (here[at + 1] ?? '');
  return serve(dataDir, ...(at < 0 ? here : here.toSpliced(at, 2)));
}

function runIn(cwd: string, script: string, url = DOCUMENTED_URL): Promise<string> {
  const text = script.replaceAll(DOCUMENTED_URL, url);
  const env = { PATH: `${join(cwd, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: cwd };
  return new Promise((resolve, reject) => {
    execFile(
      'bash',
      ['--norc', '-euo', 'pipefail', '-c', text],
      { cwd, env },
      (error, stdout, stderr) =>
        error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
  });
}

/** `…` stands for anything, in a text or for lines; objects may have more than is shown. */
function matches({ info, text }: Block, said: string): boolean {
  if (info === 'text answer') {
    const pattern = squeezed(text).split('…').map(escaped).join('[\\s\\S]*');
    return new RegExp(`^${pattern}$`).test(squeezed(said));
  }
  try {
    const lines = info === 'jsonl answer';
    const expected = lines ? parseLines(text) : (JSON.parse(text) as unknown);
    return fits(expected, lines ? parseLines(said) : JSON.parse(said));
  } catch {
    return false;
  }
}

const squeezed = (text: string): string => text.trim().replaceAll(/[ ─]+/g, ' ');
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

function fits(expected: unknown, actual: unknown): boolean {
  if (expected === '…') return true;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return false;
    return expected.every((one, i) => fits(one, actual[i]));
  }
  if (typeof expected !== 'object' || expected === null) return Object.is(expected, actual);
  if (typeof actual !== 'object' || actual === null) return false;
  const found = new Map<string, unknown>(Object.entries(actual));
  return Object.entries(expected).every(([name, value]) => fits(value, found.get(name)));
}
