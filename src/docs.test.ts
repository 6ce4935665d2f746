/** What is written is true: links lead somewhere, tables say what the code says, snippets compile. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import {
  anchorsOf,
  blocksOf,
  pages,
  proseOf,
  textOfPage,
  type Block,
} from '../test/support/markdown.ts';
import { openCatalogueFolder } from './adapters/files/catalogue-source.ts';
import { zoneOf } from './adapters/system/zone.ts';
import { loadConfig } from './config.ts';
import { compileCatalogue } from './domain/catalogue/catalogue.ts';
import type { Json } from './domain/event.ts';
import { parseEvent } from './domain/parse-event.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const exists = (path: string): boolean => existsSync(join(ROOT, path));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const ALL_BLOCKS = pages().flatMap(blocksOf);
const blocks = (info: RegExp): readonly Block[] => ALL_BLOCKS.filter((one) => info.test(one.info));
const at = ({ page, line }: Block): string => `${page}:${line}`;

describe('every page', () => {
  it('links to what is there, headings included', () => {
    const dead = pages().flatMap((page) =>
      [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
        if (/^(https?|mailto):/.test(target)) return [];
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : posix.join(posix.dirname(page), path);
        const isDead =
          !exists(file) || (anchor !== undefined && !(anchorsOf(file) as Set<string>).has(anchor));
        return isDead ? [`${page} → ${target}`] : [];
      }),
    );
    expect(dead).toEqual([]);
  });

  it('names files and folders that are there', () => {
    const named = /`((?:src|streams|schemas|sql|catalogue|test|bench|docs|bin)\/[\w./-]*)`/g;
    const missing = pages().flatMap((page) =>
      [...proseOf(page).matchAll(named)]
        .map(([, path = '']) => path)
        .filter((path) => !exists(path))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('of docs/ is in its index', () => {
    const index = [...textOfPage('docs/README.md').matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, to = '']) => posix.join('docs', to),
    );
    const left = pages().filter(
      (page) =>
        page.startsWith('docs/') &&
        !index.includes(page) &&
        !['docs/README.md', 'docs/status.md'].includes(page),
    );
    expect(left).toEqual([]);
  });

  it('knows no machine it was written on', () => {
    const telling = /\/(work|root|home|Users)\/|file:\/\//;
    expect(pages().filter((page) => telling.test(textOfPage(page)))).toEqual([]);
  });
});

describe('decisions', () => {
  it.each(readdirSync(join(ROOT, 'docs/decisions')))('%s has context, choice and price', (name) => {
    const text = textOfPage(`docs/decisions/${name}`);
    const parts = ['**Context.**', '**Choice.**', '**Price.**'];
    expect(parts.filter((part) => !text.includes(part))).toEqual([]);
  });
});

describe('the Chinese README', () => {
  it('has what the English one has, in the same order', () => {
    const shapeOf = (page: string): unknown => ({
      headings: proseOf(page).match(/^#+ /gm),
      blocks: blocksOf(page).map(({ info }) => info),
      rows: proseOf(page).match(/^\|/gm)?.length,
      links: [...proseOf(page).matchAll(/\]\(((?:docs|src|streams|catalogue)[^)\s]*)\)/g)].map(
        ([, to]) => to,
      ),
    });
    expect(shapeOf('README.zh-CN.md')).toEqual(shapeOf('README.md'));
  });
});

describe('the reference of settings', () => {
  it('has a row for each setting, with its default and meaning', () => {
    const rows = textOfPage('docs/reference/settings.md').match(/^\| `WEFT_.*$/gm);
    const expected = loadConfig({}, {}).effective.map(
      ({ name, value, about }) => `| \`${name}\` | ${value && `\`${value}\` `}| ${about} |`,
    );
    expect(rows).toEqual(expected);
  });
});

describe('the reference of tags', () => {
  it('is made of the catalogue (`npx vitest run src/docs.test.ts -u` makes it anew)', async () => {
    const compiled = await compileWith('tags', '');
    expect(compiled.ok).toBe(true);
    await expect(tagsPage(compiled)).toMatchFileSnapshot('../docs/reference/tags.md');
  });
});

describe('the invariants of the runtime', () => {
  const rows = [...textOfPage('docs/runtime-invariants.md').matchAll(/^\| (R\d+) \|.*$/gm)];

  it('are numbered without gaps', () => {
    expect(rows.map(([, number]) => number)).toEqual(rows.map((_, i) => `R${i + 1}`));
  });

  it.each(rows.map(([row = '', number = '']) => ({ number, row })))(
    '$number names tests that are there',
    ({ row }) => {
      const [, , , tests = ''] =
        row.split(' | ').length > 3 ? row.split(' | ') : ['', ...row.split(' | ')];
      const named = tests.replace(/ \|$/, '').split('<br>');
      const missing = named.flatMap((one) => {
        const [, file = '', title = ''] = /^`([^`]+)`:? (.+)$/.exec(one) ?? [];
        const path = file.includes('/') ? file : `src/runtime/${file}`;
        if (!exists(path)) return [`${path} is not there`];
        const isTest = /\.(test|contract)\.ts$/.test(path);
        return !isTest || hasTest(read(path), title) ? [] : [`${path} has no test '${title}'`];
      });
      expect(missing).toEqual([]);
    },
  );
});

/** Titles may be broken over lines by nobody, but quoted by the other quote. */
const hasTest = (source: string, title: string): boolean =>
  [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted));

describe('the table of ports', () => {
  it('names every suite, and the adapters that are there', () => {
    const page = textOfPage('docs/add-an-adapter.md');
    const suites = readdirSync(join(ROOT, 'src/ports'))
      .filter((name) => name.endsWith('.contract.ts'))
      .flatMap((name) => [
        ...read(`src/ports/${name}`).matchAll(/export function (\w+Contract)\(/g),
      ])
      .map(([, suite = '']) => suite);
    expect(suites.length).toBeGreaterThan(8);
    expect(suites.filter((suite) => !page.includes(`\`${suite}\``))).toEqual([]);
    const ports = readdirSync(join(ROOT, 'src/ports')).filter(
      (name) => !name.endsWith('.contract.ts') && name !== 'outbox.ts',
    );
    expect(ports.filter((port) => !page.includes(`\`${port}\``))).toEqual([]);
  });
});

describe('snippets', () => {
  it.each(blocks(/^ts file=/).map((block) => ({ at: at(block), block })))(
    '$at is the file it names',
    ({ block }) => {
      const file = posix.join(posix.dirname(block.page), block.info.replace('ts file=', ''));
      expect(block.text).toBe(read(file));
    },
  );

  it.each(blocks(/^json event$/).map((block) => ({ at: at(block), block })))(
    '$at is an event',
    ({ block }) => {
      const parsed = parseEvent(JSON.parse(block.text), CONTEXT);
      expect(parsed).toMatchObject({ ok: true });
    },
  );

  it.each(blocks(/^json event refused$/).map((block) => ({ at: at(block), block })))(
    '$at is refused with these words',
    ({ block }) => {
      const parsed = parseEvent(JSON.parse(block.text), CONTEXT);
      const said = parsed.ok ? [] : parsed.errors.map((one) => `${one.pointer}: ${one.message}`);
      expect(said).toEqual(after(block));
    },
  );

  const files = '(tags|triggers|coupons|channels|templates)';
  const compiled = new RegExp(`^yaml ${files}$`);
  it.each([...new Set(blocks(compiled).map(({ page }) => page))])(
    'of catalogues in %s compile, together with those that ship',
    async (page) => {
      const mine = blocks(compiled).filter((block) => block.page === page);
      const added = mine.map(({ info, text }) => [info.replace('yaml ', ''), text] as const);
      const result = await compileMany(added);
      expect(result.ok ? [] : result.problems).toEqual([]);
    },
  );

  it.each(blocks(new RegExp(`^yaml ${files} refused$`)).map((block) => ({ at: at(block), block })))(
    '$at is refused with these words',
    async ({ block }) => {
      const file = block.info.split(' ')[1] ?? '';
      const result = await compileWith(file, block.text);
      const said = (result.ok ? [] : result.problems).map(
        ({ file: name, message, suggestion }) =>
          `${name}: ${message}${suggestion === undefined ? '' : ` Did you mean '${suggestion}'?`}`,
      );
      expect(said).toEqual(after(block));
    },
  );
});

const CONTEXT = { tenant: 'default', receivedAt: Date.UTC(2026, 10, 12), fallbackId: 'assigned' };

/** The lines of the block that follows. */
function after(block: Block): readonly string[] {
  const mine = blocksOf(block.page);
  const next = mine[mine.findIndex((one) => one.line === block.line) + 1];
  return (next?.text ?? '').trimEnd().split('\n');
}

const compileWith = (file: string, text: string) => compileMany([[file, text]]);

/** What ships, and these entries behind it. */
async function compileMany(added: readonly (readonly [file: string, text: string])[]) {
  const shipped = await openCatalogueFolder(join(ROOT, 'catalogue')).load();
  const files = new Map<string, Json>(shipped.map(({ name, content }) => [name, content]));
  for (const [file, text] of added) {
    const name = `${file}.yaml`;
    const content = parse(text) as Json;
    const there = files.get(name) ?? null;
    files.set(name, Array.isArray(content) ? [...listOf(there), ...content] : (content ?? there));
  }
  return compileCatalogue({ timeZone: 'Asia/Shanghai', files: Object.fromEntries(files) }, zoneOf);
}

const listOf = (content: Json): readonly Json[] => (Array.isArray(content) ? content : []);

const UNITS: Readonly<Record<string, string>> = {
  money: 'money',
  count: 'count',
  share: '0 to 1',
  number: 'number',
  days: 'days',
  moment: 'moment',
  text: 'text',
  list: 'list',
  boolean: 'true or absent',
};

function tagsPage(compiled: Awaited<ReturnType<typeof compileMany>>): string {
  const tags = compiled.ok ? compiled.catalogue.tags.tags : [];
  const texts = parse(read('catalogue/tags.yaml')) as readonly TagTexts[];
  const lines = [
    '# The tags that ship',
    '',
    'Made from `catalogue/tags.yaml` by a test. How to add your own: [add a tag](../add-a-tag.md).',
  ];
  let family = '';
  for (const [, heading, name] of read('catalogue/tags.yaml').matchAll(
    /^(?:# --- (.+?) -+|- name: (\w+))$/gm,
  )) {
    if (heading !== undefined) family = heading;
    const tag = tags.find((each) => each.name === name);
    const said = texts.find((each) => each.name === name);
    if (!tag || !said) continue;
    if (family !== '')
      lines.push('', `## ${family}`, '', '| tag | | value | |', '|---|---|---|---|');
    family = '';
    const role = said.rfm === undefined ? '' : ` (${said.rfm} of R F M)`;
    lines.push(
      `| \`${tag.name}\` | ${said.title.en} · ${said.title.zh} | ${UNITS[tag.unit] ?? ''} | ${said.about.en}${role} |`,
    );
  }
  return `${lines.join('\n')}\n`;
}

interface TagTexts {
  readonly name: string;
  readonly title: { readonly en: string; readonly zh: string };
  readonly about: { readonly en: string };
  readonly rfm?: string;
}
