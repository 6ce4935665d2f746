// Who may import whom. The table below is the design; the test reads every import in src/ and streams/ and fails on an
// arrow the table does not hold, on a file that belongs to no layer, and on seeing no imports at all.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

interface Layer {
  /** Layers it may import, besides itself and `src/errors.ts`. */
  readonly layers: readonly string[] | 'all';
  /** npm packages it may import; `@scope/*` stands for the whole scope. */
  readonly packages: readonly string[] | 'all';
  /** Node's own modules it may import. */
  readonly node: readonly string[] | 'all';
}

const adapter = (...packages: readonly string[]): Layer => ({
  layers: ['src/ports', 'src/domain'],
  packages,
  node: 'all',
});

const RUNTIME_NODE = ['node:buffer', 'node:events', 'node:perf_hooks', 'node:timers'];
const EVERYTHING: Layer = { layers: 'all', packages: 'all', node: 'all' };

const LAYERS: Readonly<Record<string, Layer>> = {
  'src/errors.ts': { layers: [], packages: [], node: [] },
  'src/config.ts': { layers: [], packages: [], node: 'all' },
  'src/domain': { layers: [], packages: ['@marcbachmann/cel-js'], node: [] },
  'src/ports': { layers: ['src/domain'], packages: [], node: [] },
  'src/runtime': {
    layers: ['src/ports', 'src/domain'],
    packages: ['avsc', 'prom-client'],
    node: [...RUNTIME_NODE, 'node:timers/promises'],
  },
  streams: { layers: ['src/runtime', 'src/ports', 'src/domain'], packages: [], node: [] },
  'src/simulator': { layers: ['src/domain'], packages: [], node: [] },
  'src/adapters/chdb': adapter('chdb'),
  'src/adapters/clickhouse': adapter('@clickhouse/client'),
  'src/adapters/files': adapter('yaml', 'iconv-lite', 'luxon'),
  'src/adapters/kafka': adapter('kafkajs', '@confluentinc/schemaregistry'),
  'src/adapters/lmdb': adapter('lmdb'),
  'src/adapters/log': adapter(),
  'src/adapters/memory': adapter(),
  'src/adapters/redis': adapter('ioredis'),
  'src/adapters/system': adapter(),
  'src/adapters/webhook': adapter('undici', 'cockatiel'),
  'src/http': {
    layers: ['src/ports', 'src/domain'],
    packages: ['fastify', '@fastify/*', 'typebox'],
    node: 'all',
  },
  'src/cli': EVERYTHING,
  'src/app.ts': EVERYTHING,
  'src/app': EVERYTHING,
};

/** A layer's own tests may lean on the embedded adapters; the domain's stay with the domain. */
const TEST_LAYERS = ['src/ports', 'src/domain', 'src/simulator', 'src/adapters'];
const TEST_PACKAGES = ['vitest', 'fast-check'];

interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface Import extends SourceFile {
  readonly target: string;
}

describe('the layers', () => {
  it('import only what the table allows', () => {
    const imports = readSources(['src', 'streams']).flatMap(findImports);
    expect(imports.length, 'no imports seen: is the reader broken?').toBeGreaterThan(0);
    expect(imports.map(findFault).filter(Boolean)).toEqual([]);
  });

  it('hold every file', () => {
    const strays = readSources(['src', 'streams']).filter(
      ({ path }) => layerOf(path) === undefined && !isRootTest(path),
    );
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  it('have no index.ts: a name is imported from the file that owns it', () => {
    const paths = readSources(['src', 'streams']).map(({ path }) => path);
    expect(paths.filter((path) => posix.basename(path) === 'index.ts')).toEqual([]);
  });
});

describe('the reader of imports', () => {
  it.each([
    ["import { a } from '../a.ts';", '../a.ts'],
    ["import type { A } from '../a.ts';", '../a.ts'],
    ["import '../a.ts';", '../a.ts'],
    ["export * from '../a.ts';", '../a.ts'],
    ["export type { A } from '../a.ts';", '../a.ts'],
    ["const a = await import('../a.ts');", '../a.ts'],
    ["let a: import('../a.ts').A;", '../a.ts'],
    ["const a = require('lmdb');", 'lmdb'],
    ["import {\n  a,\n  b,\n} from 'lmdb';", 'lmdb'],
  ])('sees %j', (text, target) => {
    const seen = findImports({ path: 'src/domain/x.ts', text });
    expect(seen.map((one) => one.target)).toEqual([target]);
  });

  it('does not take a comment or a string for an import', () => {
    const text = "// import 'lmdb'\nexport const a = \"import 'lmdb'\";";
    expect(findImports({ path: 'src/domain/x.ts', text })).toEqual([]);
  });
});

describe('the checker', () => {
  it.each([
    ['src/domain/tag.ts', '../errors.ts'],
    ['src/domain/rule.ts', '@marcbachmann/cel-js'],
    ['src/domain/tag.test.ts', 'fast-check'],
    ['src/ports/clock.contract.ts', 'vitest'],
    ['src/runtime/runner.test.ts', '../adapters/memory/event-log.ts'],
    ['src/adapters/lmdb/event-log.ts', 'lmdb'],
    ['src/adapters/files/reader.ts', 'iconv-lite/encodings'],
    ['src/cli/main.ts', '../../streams/pipeline.ts'],
    ['streams/stitch.ts', '../src/runtime/stage.ts'],
  ])('lets %s import %s', (path, target) => {
    expect(findFault({ path, target, text: '' })).toBeUndefined();
  });

  it.each([
    ['src/domain/tag.ts', 'node:crypto'],
    ['src/domain/tag.ts', 'lmdb'],
    ['src/domain/tag.ts', '../ports/clock.ts'],
    ['src/domain/tag.test.ts', '../adapters/memory/event-log.ts'],
    ['src/ports/clock.ts', 'vitest'],
    ['src/runtime/runner.ts', '../adapters/memory/event-log.ts'],
    ['src/runtime/runner.ts', 'node:fs'],
    ['src/runtime/codec.ts', '../config.ts'],
    ['src/adapters/lmdb/event-log.ts', '../memory/event-log.ts'],
    ['src/adapters/lmdb/event-log.ts', 'fs'],
    ['src/adapters/ftp/inbox.ts', 'node:fs'],
    ['src/simulator/shopper.ts', '../ports/clock.ts'],
    ['src/utils/text.ts', '../domain/tag.ts'],
    ['src/http/server.ts', '../../bench/main.ts'],
    ['streams/stitch.ts', '../src/adapters/lmdb/event-log.ts'],
  ])('reports %s importing %s', (path, target) => {
    const fault = findFault({ path, target, text: '' });
    expect(fault).toContain(path);
    expect(fault).toContain(target);
  });
});

/** The sentence that says what is wrong with an import, or undefined. */
function findFault({ path, target }: Import): string | undefined {
  if (isRootTest(path)) return undefined;
  const name = layerOf(path);
  const layer = name === undefined ? undefined : LAYERS[name];
  if (name === undefined || layer === undefined) {
    return `${path} imports ${target}, but belongs to no layer of the table`;
  }
  const allowed = allowedTo(path, name, layer);
  if (isAllowed(path, target, name, allowed)) return undefined;
  const list = (names: readonly string[] | 'all') => [names].flat().join(', ') || 'nothing';
  return (
    `${path} imports ${target}, but ${name} may import only layers: ${list(allowed.layers)}; ` +
    `packages: ${list(allowed.packages)}; Node modules: ${list(allowed.node)}`
  );
}

function allowedTo(path: string, name: string, layer: Layer): Layer {
  const plus = (names: readonly string[] | 'all', more: readonly string[]) =>
    names === 'all' ? names : [...names, ...more];
  const layers = plus(layer.layers, ['src/errors.ts']);
  if (path.endsWith('.contract.ts')) {
    return { layers, packages: plus(layer.packages, ['vitest']), node: layer.node };
  }
  if (!path.endsWith('.test.ts')) return { ...layer, layers };
  const testLayers = name === 'src/domain' ? ['src/simulator'] : TEST_LAYERS;
  return {
    layers: plus(layers, testLayers),
    packages: plus(layer.packages, TEST_PACKAGES),
    node: 'all',
  };
}

function isAllowed(path: string, target: string, name: string, allowed: Layer): boolean {
  if (target.startsWith('.')) {
    if (allowed.layers === 'all') return true;
    const to = layerOf(posix.join(posix.dirname(path), target));
    if (to === undefined) return false;
    return to === name || allowed.layers.some((one) => to === one || to.startsWith(`${one}/`));
  }
  if (target.startsWith('node:')) return allowed.node === 'all' || allowed.node.includes(target);
  if (allowed.packages === 'all') return true;
  return allowed.packages.some((one) =>
    one.endsWith('/*')
      ? target.startsWith(one.slice(0, -1))
      : target === one || target.startsWith(`${one}/`),
  );
}

/** The layer a file belongs to: the one entry of the table that is the file or a folder above it. */
function layerOf(path: string): string | undefined {
  return Object.keys(LAYERS).find((name) => {
    const file = name.endsWith('.ts') ? name.replace(/\.ts$/, '') : undefined;
    if (file !== undefined) return path === name || path === `${file}.test.ts`;
    return path.startsWith(`${name}/`);
  });
}

/** Tests of the repository itself, such as this one, stand above the layers. */
function isRootTest(path: string): boolean {
  return /^src\/[^/]+\.test\.ts$/.test(path);
}

function findImports(file: SourceFile): readonly Import[] {
  const { importedFiles } = ts.preProcessFile(file.text, true, true);
  return importedFiles.map(({ fileName }) => ({ ...file, target: fileName }));
}

function readSources(folders: readonly string[]): readonly SourceFile[] {
  const root = fileURLToPath(new URL('..', import.meta.url));
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
      .filter((path) => path.endsWith('.ts'))
      .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
  );
}
