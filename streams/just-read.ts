/**
 * What the edge of this process, or an import, has just read, for the stage that meets it next in the log: the same
 * text under the same context is the same event, so it is parsed once (9 µs of CPU an event). Only a
 * memory: where nothing is found, or all of it was forgotten, the stage reads the text.
 */
import type { SentEvent } from '../src/domain/event.ts';
import type { RawEvent } from '../src/domain/message.ts';

export interface JustRead {
  /** `event` was read from `raw` within the limits and under the currency that normalise has. */
  keep(raw: RawEvent, event: SentEvent): void;
  /** Each is handed out once. */
  take(raw: RawEvent): SentEvent | undefined;
}

interface Kept {
  readonly raw: RawEvent;
  readonly event: SentEvent;
}

/** Half a second at full speed, and some 20 MB at most. */
const EVENTS_MAX = 5_000;
const BODY_CHARS_MAX = 1_000;

export function createJustRead(): JustRead {
  let kept = new Map<string, Kept>();
  return {
    keep(raw, event) {
      if (raw.body.length > BODY_CHARS_MAX) return;
      // Nobody takes them: the stage is far behind, or elsewhere.
      if (kept.size >= EVENTS_MAX) kept = new Map();
      kept.set(raw.id, { raw, event });
    },
    take(raw) {
      const found = kept.get(raw.id);
      if (found === undefined || !isSame(found.raw, raw)) return undefined;
      kept.delete(raw.id);
      return found.event;
    },
  };
}

/** All that reading depends on; the id is what it was found by. */
const isSame = (a: RawEvent, b: RawEvent): boolean =>
  a.body === b.body &&
  a.receivedAt === b.receivedAt &&
  a.tenant === b.tenant &&
  a.source === b.source &&
  a.history === b.history;
