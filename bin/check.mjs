// `npm run check`: format, lint, types, layers, dead code. Runs all of them even if one fails, then says which did.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const CHECKS = [
  { name: 'format', bin: 'oxfmt/bin/oxfmt', args: ['--check'], fix: 'run `npm run format`' },
  { name: 'lint', bin: 'oxlint/bin/oxlint', args: ['--deny-warnings'] },
  { name: 'types', bin: 'typescript/bin/tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'layers', bin: 'vitest/vitest.mjs', args: ['run', 'src/architecture.test.ts'] },
  { name: 'dead code', bin: 'knip/bin/knip.js', args: ['--no-progress'] },
];

const failed = CHECKS.filter((check) => !passes(check));
for (const { name, fix } of failed) console.error(`failed: ${name}${fix ? ` (${fix})` : ''}`);
if (failed.length === 0) console.log(`all ${CHECKS.length} checks passed`);
process.exitCode = failed.length === 0 ? 0 : 1;

function passes({ name, bin, args }) {
  // Before there is a command to start from, everything is dead code.
  if (name === 'dead code' && !existsSync('src/cli/main.ts')) return true;
  console.log(`── ${name}`);
  const command = [`node_modules/${bin}`, ...args];
  return spawnSync(process.execPath, command, { stdio: 'inherit' }).status === 0;
}
