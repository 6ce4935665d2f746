/** Starts a child of this folder and listens to its lines; it ends with the test. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves when it has said this many lines, or everything it had to say. */
  said(count: number): Promise<void>;
  /** Lets it end by itself: closes its stdin. */
  finish(): Promise<void>;
  /** SIGKILL, and everything it had said before is heard. */
  kill(): Promise<void>;
}

export function startChild(script: string, ...args: readonly string[]): Child {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const check of waiting) check();
  };
  let silent = false;
  const exited = once(child, 'exit');
  const heard = once(createInterface({ input: child.stdout }).on('line', onLine), 'close').then(
    () => {
      silent = true;
      look();
    },
  );
  function onLine(line: string): void {
    lines.push(line);
    look();
  }
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    process: child,
    lines,
    said: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (lines.length < count && !silent) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    async finish() {
      child.stdin.end();
      await Promise.all([exited, heard]);
    },
    async kill() {
      child.kill('SIGKILL');
      await Promise.all([exited, heard]);
    },
  };
}
