/**
 * What the process that hosts chDB and the one that started it say to each other, over IPC: the
 * secret never stands on a command line, in the environment or on disk.
 */

/** `write`: anything. `read`: one query at a time, nothing changed, limits that cannot be lifted. */
export type Role = 'write' | 'read';

export interface Account {
  readonly user: string;
  readonly key: string;
  readonly role: Role;
}

/** Bounds of what a read account may ask for, and its defaults. */
export interface ReadLimits {
  readonly secondsMax: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
  readonly memoryBytesMax: number;
  readonly threadsMax: number;
  /** Queries at a time; a few more wait. */
  readonly queriesMax: number;
}

export interface StartMessage {
  readonly kind: 'start';
  readonly directory: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly accounts: readonly Account[];
  readonly limits: ReadLimits;
}

interface StopMessage {
  readonly kind: 'stop';
}

export type ToChild = StartMessage | StopMessage;

export type FromChild =
  | { readonly kind: 'ready'; readonly port: number; readonly version: string }
  | { readonly kind: 'failed'; readonly message: string }
  /** A query did not end at its limit: the child is about to end itself. */
  | { readonly kind: 'stuck'; readonly seconds: number };
