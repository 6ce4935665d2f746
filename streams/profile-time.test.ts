// Where messages move the clock of a partition of `events` (decisions.md Q3).
import { describe, expect, it } from 'vitest';
import type { Message } from '../src/domain/message.ts';
import { createProfileLogic, type ProfileOptions } from './profile.ts';

const nothing = (): never => expect.fail('is not asked when the clock is');
const OPTIONS: ProfileOptions = {
  codec: { encode: nothing, decode: nothing, learnOf: nothing },
  partitions: 1,
  catalogueOf: nothing,
  hashId: nothing,
  outcomes: { instance: 'i', expect: nothing, tell: nothing },
  notes: {
    duplicate: nothing,
    changed: nothing,
    decided: nothing,
    triggerNote: nothing,
    ruleFailed: nothing,
    deadLetter: nothing,
  },
};

const stepOf = (message: object) => createProfileLogic(OPTIONS).clockStep(message as Message, 0);

const EVENT = { kind: 'event', logTime: 7, history: true, forwardedFrom: null };
const MERGED = { kind: 'identity', change: 'merged', changedAt: 7, history: true };
const TRANSFER = { kind: 'transfer', history: true };

describe('on the history clock', () => {
  it('an event and a merge let happen what was due before them', () => {
    const step = { to: 7, inclusive: false, history: true };
    expect(stepOf(EVENT)).toEqual(step);
    expect(stepOf(MERGED)).toEqual(step);
  });

  it('a state on its way, and an event that is sent on, belong to that clock and move nothing', () => {
    const step = { to: 0, inclusive: false, history: true };
    expect(stepOf(TRANSFER)).toEqual(step);
    expect(stepOf({ ...EVENT, forwardedFrom: 'p' })).toEqual(step);
  });

  it('other identity records have nothing to do with time', () => {
    expect(stepOf({ kind: 'identity', change: 'created' })).toBeNull();
  });
});

describe('on the live clock', () => {
  it.each([EVENT, MERGED, TRANSFER])('no $kind moves it: markers do', (message) => {
    expect(stepOf({ ...message, history: false })).toBeNull();
  });
});
