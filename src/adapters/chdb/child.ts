/**
 * The process that hosts chDB. Says nothing but IPC messages, listens only on the address it is given,
 * and never outlives its parent: when the channel closes it ends itself, which chDB survives (K6).
 * Signals of a terminal are for the parent, who stops us when it is done.
 */
import type { AddressInfo } from 'node:net';
import { openEngine, type Engine } from './engine.ts';
import type { FromChild, StartMessage, ToChild } from './messages.ts';
import { createFace } from './server.ts';

let engine: Engine | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', end);
process.on('message', (message: ToChild) => {
  if (message.kind === 'start') start(message);
  else void stop();
});

function start(message: StartMessage): void {
  try {
    engine = openEngine({ ...message, onStuck });
  } catch (error) {
    fail(error);
    return;
  }
  const { version } = engine;
  const face = createFace(engine, message.accounts);
  face.on('error', fail);
  face.listen(message.port, message.host, () => {
    say({ kind: 'ready', port: (face.address() as AddressInfo).port, version });
  });
}

/** What is being written ends first; who waits longer than that is the parent's to decide. */
async function stop(): Promise<void> {
  await engine?.idle();
  end();
}

function onStuck(seconds: number): void {
  say({ kind: 'stuck', seconds }, end);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? describe(error) : String(error);
  say({ kind: 'failed', message }, end);
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function say(message: FromChild, then?: () => void): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => then?.());
  else then?.();
}

/** chDB may hang in its own exit handlers after a query hit its memory limit: leave no chance to. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}
