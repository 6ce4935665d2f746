/** The reference of commands says what `--help` says: every command, every option, and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';

const folder = new URL('./cli/', import.meta.url);
const page = readFileSync(new URL('../docs/reference/commands.md', import.meta.url), 'utf8');

/** Name → section, heading left out. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      return [heading.replace('weft ', ''), lines.join('\n')] as const;
    }),
);

const commands: { readonly name: string; readonly command: Command }[] = [];
for (const file of readdirSync(folder)) {
  if (file === 'main.ts' || !file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
  const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
  for (const [name, make] of Object.entries(module)) {
    if (!name.endsWith('Command') || typeof make !== 'function') continue;
    const command = make() as Command;
    if (command.commands.length === 0) commands.push({ name: command.name(), command });
    for (const inner of command.commands) {
      commands.push({ name: `${command.name()} ${inner.name()}`, command: inner });
    }
  }
}

describe('the reference of commands', () => {
  it('has a section for each command, and for nothing else', () => {
    expect([...sections.keys()].toSorted()).toEqual(commands.map(({ name }) => name).toSorted());
  });

  it.each(commands)('names every option of weft $name, and no other', ({ name, command }) => {
    const section = sections.get(name) ?? '';
    const rows = section.match(/^\| .*$/gm)?.join('\n') ?? '';
    const named = [...rows.matchAll(/`(--[\w-]+(?: <[^>`]+>)?)`/g)].map(([, found = '']) => found);
    const flags = command.options.map((option) => option.flags);
    expect(named.toSorted()).toEqual(flags.toSorted());
  });

  it.each(commands)('tells the choices and defaults of weft $name', ({ name, command }) => {
    const section = sections.get(name) ?? '';
    const missing = command.options.flatMap(({ argChoices = [], defaultValue }) =>
      [...argChoices, ...(typeof defaultValue === 'string' ? [defaultValue] : [])].filter(
        (value) => !section.includes(value),
      ),
    );
    expect(missing).toEqual([]);
  });
});
