/** The pages people read, and what stands in them: fenced blocks, links, headings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  readonly page: string;
  readonly line: number;
  /** What stands behind the fence: `yaml tags`, `sh run`. */
  readonly info: string;
  readonly text: string;
}

/** From the root of the repository, with forward slashes. */
export function pages(): readonly string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      posix.join(folder, name.replaceAll('\\', '/')),
    );
  const atRoot = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  return [...atRoot, ...['docs', 'catalogue', 'sql'].flatMap(inFolder)].filter((name) =>
    name.endsWith('.md'),
  );
}

export const textOfPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [index, line] of textOfPage(page).split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (!fence) {
      open?.lines.push(line);
    } else if (open) {
      blocks.push({ page, line: open.line, info: open.info, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else {
      open = { line: index + 1, info: (fence[1] ?? '').trim(), lines: [] };
    }
  }
  return blocks;
}

/** A page without what stands in fences: there, brackets are code. */
export const proseOf = (page: string): string =>
  textOfPage(page).replaceAll(/^```[\s\S]*?^```$/gm, '');

/** What follows `#` in a link to a heading. */
export const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set(
    [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
