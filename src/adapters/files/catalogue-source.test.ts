import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCatalogueFolder } from './catalogue-source.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-catalogue-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('a catalogue folder', () => {
  it('gives each YAML file as plain data, folders included', async () => {
    await mkdir(join(dir, 'sources'));
    await writeFile(join(dir, 'tags.yaml'), '- name: 近30天\n  over: 30d\n');
    await writeFile(join(dir, 'sources', 'segment.yaml'), 'a: 1\n');
    await writeFile(join(dir, 'README.md'), 'not read');
    const files = await openCatalogueFolder(dir).load();
    expect(files.map(({ name, content }) => ({ name, content }))).toEqual([
      { name: 'sources/segment.yaml', content: { a: 1 } },
      { name: 'tags.yaml', content: [{ name: '近30天', over: '30d' }] },
    ]);
  });

  it('is found however it is written: ./shop, shop/, ../here/shop', async () => {
    await writeFile(join(dir, 'tags.yaml'), '- name: a\n');
    const near = relative(process.cwd(), dir);
    for (const written of [near, `./${near}`, `${dir}/`, `${dir}/../${basename(dir)}`]) {
      const files = await openCatalogueFolder(written).load();
      expect(files.map(({ name }) => name)).toEqual(['tags.yaml']);
    }
  });

  it('leaves the maps in imports to `weft ingest`: a changed one makes no new catalogue', async () => {
    await mkdir(join(dir, 'imports'));
    await writeFile(join(dir, 'imports', 'pos.yaml'), 'source: pos\n');
    await writeFile(join(dir, 'imports.yaml'), 'a: 1\n');
    const files = await openCatalogueFolder(dir).load();
    expect(files.map(({ name }) => name)).toEqual(['imports.yaml']);
  });

  it('knows the line of a path, or of the nearest thing there is', async () => {
    await writeFile(join(dir, 'tags.yaml'), '- name: a\n  over: 30d\n\n- name: b\n  count: x\n');
    const [file] = await openCatalogueFolder(dir).load();
    expect(file?.lineOf([0, 'over'])).toBe(2);
    expect(file?.lineOf([1])).toBe(4);
    expect(file?.lineOf([1, 'count'])).toBe(5);
    expect(file?.lineOf([1, 'nothing', 'here'])).toBe(4);
  });

  it('refuses what is no YAML, with its line', async () => {
    await writeFile(join(dir, 'tags.yaml'), '- name: a\n- [unclosed\n');
    await expect(openCatalogueFolder(dir).load()).rejects.toMatchObject({
      code: 'invalid_catalogue',
      message: expect.stringMatching(/^tags\.yaml:\d+: /),
    });
  });

  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...Array.from({ length: 7 }, (_, i) => {
      const nine = Array(9).fill(`*${'abcdefg'[i]}`).join(', ');
      return `${'bcdefgh'[i]}: &${'bcdefgh'[i]} [${nine}]`;
    }),
  ];

  it.each([
    ['aliases that multiply', bomb.join('\n'), /^tags\.yaml:1: its aliases/],
    ['seventy lists in one another', '['.repeat(70) + ']'.repeat(70), /^tags\.yaml:1: .* 64 deep/],
    ['thousands of them', '['.repeat(5_000) + ']'.repeat(5_000), /^tags\.yaml:1: .* 64 deep/],
    ['thousands, by dashes', '- '.repeat(5_000), /^tags\.yaml:1: .* 64 deep/],
  ])('refuses %s in words', async (_, text, message) => {
    await writeFile(join(dir, 'tags.yaml'), text);
    await expect(openCatalogueFolder(dir).load()).rejects.toMatchObject({
      code: 'invalid_catalogue',
      message: expect.stringMatching(message),
    });
  });

  it('refuses a folder that is called like a file', async () => {
    await mkdir(join(dir, 'tags.yaml'));
    await expect(openCatalogueFolder(dir).load()).rejects.toMatchObject({
      code: 'invalid_catalogue',
      message: expect.stringContaining('tags.yaml is a folder'),
    });
  });

  it('says so when there is no such folder, and an empty one has no files', async () => {
    await expect(openCatalogueFolder(join(dir, 'none')).load()).rejects.toMatchObject({
      code: 'invalid_catalogue',
    });
    expect(await openCatalogueFolder(dir).load()).toEqual([]);
  });
});
