/** Structured logs on stdout or stderr: event names and facts, never an identifier's value. */
import { pino } from 'pino';

export interface Logger {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}

/** `stderr` where stdout belongs to a command's answer. */
export function createLogger(level: string, to: 'stdout' | 'stderr'): Logger {
  const descriptor = to === 'stdout' ? 1 : 2;
  return pino(
    { level, base: null, messageKey: 'event' },
    pino.destination({ dest: descriptor, sync: true }),
  );
}

export const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
