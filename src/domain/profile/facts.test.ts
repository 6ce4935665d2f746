/** A shopper's no outlives everything else that is known of the shopper. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { consentOf, mergeConsents, noteConsent, type Consent } from './facts.ts';

const said = (consents: Consent[], channel: string, granted: boolean, at: number): void =>
  noteConsent(consents, { channel, granted }, at);

it('a withdrawal is kept, however many consents are known', () => {
  const consents: Consent[] = [];
  for (let i = 0; i < 300; i += 1) said(consents, `c${i}`, i % 2 === 0, i);
  said(consents, 'sms', false, 0);
  expect(consentOf(consents, 'sms')).toBe(false);
  for (let i = 1; i < 300; i += 2) expect(consentOf(consents, `c${i}`)).toBe(false);
});

it('of too many granted the oldest is forgotten', () => {
  const consents: Consent[] = [];
  for (let i = 0; i < 101; i += 1) said(consents, `c${i}`, true, 1_000 - i);
  expect(consents).toHaveLength(100);
  expect(consentOf(consents, 'c100')).toBeUndefined();
  said(consents, 'c5', false, 2_000);
  said(consents, 'late', true, 3_000);
  expect([consentOf(consents, 'c5'), consentOf(consents, 'late')]).toEqual([false, true]);
  expect(consents).toHaveLength(101);
});

const history = fc.array(
  fc.record({
    channel: fc.integer({ min: 0, max: 150 }),
    granted: fc.boolean(),
    at: fc.integer({ min: 0, max: 50 }),
  }),
  { minLength: 0, maxLength: 400, size: 'max' },
);
const consentsOf = (words: readonly { channel: number; granted: boolean; at: number }[]) => {
  const consents: Consent[] = [];
  for (const { channel, granted, at } of words) said(consents, `c${channel}`, granted, at);
  return consents;
};
const sorted = (consents: readonly Consent[]) =>
  consents.toSorted((a, b) => (a.channel < b.channel ? -1 : 1));

it('a merge says the same in both directions, and keeps every withdrawal that was the last word', () => {
  fc.assert(
    fc.property(history, history, (one, other) => {
      const [a, b] = [consentsOf(one), consentsOf(other)];
      const [ab, ba] = [[...a], [...b]];
      mergeConsents(ab, b);
      mergeConsents(ba, a);
      expect(sorted(ab)).toEqual(sorted(ba));
      const words = [...a, ...b];
      const withdrawn = words.filter(
        ({ channel, granted, at }) =>
          !granted && words.every((each) => each.channel !== channel || each.at <= at),
      );
      expect(withdrawn.filter(({ channel }) => consentOf(ab, channel) !== false)).toEqual([]);
      expect(ab.filter((each) => each.granted).length).toBeLessThanOrEqual(100);
    }),
    { numRuns: 60 },
  );
});
