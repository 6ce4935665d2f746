/** What every log must honour towards subscribers and tails, one sentence a test. */
import { expect, it } from 'vitest';
import type { Subscription, TopicPartition } from './event-log.ts';
import type { EventLogHarness } from './log-fixtures.contract.ts';
import {
  P0,
  P1,
  RAW,
  nameOf,
  numbered,
  openLog,
  record,
  records,
  subscribe,
  takeNotes,
  textOf,
} from './log-fixtures.contract.ts';

export function describeSubscriptions(harness: EventLogHarness): void {
  describeOffers(harness);
  describeFlow(harness);
  describeCaughtUp(harness);
  describeGroups(harness);
}

function describeOffers(harness: EventLogHarness): void {
  it('is told of its partitions before anything is offered, however long it takes to answer', async () => {
    const { log, append } = await openLog(harness);
    await append(...records(P0, 'a', 'b'), record(P1, 'c'));
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const notes = takeNotes({ beforeAssigned: () => gate });
    const subscribed = subscribe(log, notes);
    await append(record(P0, 'd'));
    expect(notes.heard).toEqual([]);
    open();
    await subscribed;
    await notes.until(() => notes.texts(P0).includes('d') && notes.texts(P1).includes('c'));
    expect(notes.heard[0]).toBe('assigned');
    expect([...notes.owned].sort()).toEqual([nameOf(P0), nameOf(P1)]);
  });

  it('reads each partition from the offset it was answered', async () => {
    const { log, append, readAll } = await openLog(harness);
    await append(...records(P0, ...numbered('n', 9)), ...records(P1, ...numbered('m', 9)));
    const wanted = { [nameOf(P0)]: 4, [nameOf(P1)]: 0 };
    const notes = takeNotes({ from: (partition) => wanted[nameOf(partition)] ?? 0 });
    await subscribe(log, notes);
    const [all0, all1] = [await readAll(P0), await readAll(P1)];
    await notes.until(
      () => notes.of(P0).length >= all0.length - 4 && notes.of(P1).length >= all1.length,
    );
    expect(notes.of(P0)).toEqual(all0.slice(4));
    expect(notes.of(P1)).toEqual(all1);
  });

  it('gets what is appended later, in order and once', async () => {
    const { log, append, readAll } = await openLog(harness);
    const notes = takeNotes();
    await subscribe(log, notes, { topics: ['events', 'raw.pos'] });
    for (const text of numbered('n', 30)) await append(record(P0, text), record(RAW, text));
    await notes.until(() => notes.texts(P0).includes('n29') && notes.texts(RAW).includes('n29'));
    const offsets = notes.of(P0).map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, i) => i));
    expect(notes.of(P0)).toEqual((await readAll(P0)).slice(0, offsets.length));
  });

  it('gets nothing more once it is closed', async () => {
    const { log, append } = await openLog(harness);
    const notes = takeNotes();
    const subscription = await subscribe(log, notes);
    await append(record(P0, 'before'));
    await notes.until(() => notes.texts(P0).includes('before'));
    await subscription.close();
    const other = takeNotes();
    await subscribe(log, other, { group: 'other' });
    await append(record(P0, 'after'));
    await other.until(() => other.texts(P0).includes('after'));
    expect(notes.texts(P0)).not.toContain('after');
  });

  it.runIf(harness.drops)('fails with an error when its offset is no longer there', async () => {
    const { log, append, dropOld } = await openLog(harness);
    await append(...records(P0, ...numbered('old', 10)));
    await dropOld?.(P0);
    const notes = takeNotes();
    await subscribe(log, notes);
    await notes.until(() => notes.failures.length > 0);
    expect(notes.failures).toMatchObject([{ code: 'corrupt_data' }]);
    expect(notes.of(P0)).toEqual([]);
  });
}

function describeFlow(harness: EventLogHarness): void {
  /** Says no once `limit` records of a partition came, until `open` is set. */
  const limited = (limit: number) => {
    const seen = new Map<string, number>();
    const gate = { open: false };
    const take = (partition: TopicPartition, offered: readonly unknown[]): boolean => {
      const count = (seen.get(nameOf(partition)) ?? 0) + offered.length;
      seen.set(nameOf(partition), count);
      return gate.open || count < limit;
    };
    return { gate, take };
  };

  it('that is full gets nothing more of this partition, and of the others all the same', async () => {
    const { log, append } = await openLog(harness);
    const { take } = limited(1);
    const notes = takeNotes({ take: (p, offered) => p.partition === 1 || take(p, offered) });
    await subscribe(log, notes);
    await append(record(P0, 'first'));
    await notes.until(() => notes.of(P0).length > 0);
    const offered = notes.of(P0).length;
    for (const text of numbered('n', 5)) await append(record(P0, text), record(P1, text));
    await notes.until(() => notes.texts(P1).includes('n4'));
    expect(notes.of(P0)).toHaveLength(offered);
  });

  it('gets the rest, in order, once it resumes', async () => {
    const { log, append } = await openLog(harness);
    const { gate, take } = limited(1);
    const notes = takeNotes({ take });
    const subscription = await subscribe(log, notes);
    await append(record(P0, 'first'));
    await notes.until(() => notes.of(P0).length > 0);
    await append(...records(P0, ...numbered('n', 5)));
    gate.open = true;
    subscription.resume(P0);
    await notes.until(() => notes.texts(P0).includes('n4'));
    const offsets = notes.of(P0).map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, i) => i));
  });

  it('reads again from where it seeks, and a full one counts as having room', async () => {
    const { log, append, readAll } = await openLog(harness);
    const { gate, take } = limited(5);
    const notes = takeNotes({ take });
    const subscription = await subscribe(log, notes);
    await append(...records(P0, ...numbered('n', 5)));
    await notes.until(() => notes.of(P0).length >= 5);
    const before = notes.of(P0).length;
    gate.open = true;
    subscription.seek(P0, 2);
    await notes.until(() => notes.of(P0).length > before && notes.texts(P0).at(-1) === 'n4');
    const all = await readAll(P0);
    expect(notes.of(P0)[before]).toEqual(all[2]);
  });

  it('may seek while it is being offered something', async () => {
    const { log, append } = await openLog(harness);
    const held: { subscription?: Subscription } = {};
    let sought = false;
    const notes = takeNotes({
      take(partition) {
        if (sought) return true;
        sought = true;
        held.subscription?.seek(partition, 0);
        return false;
      },
    });
    held.subscription = await subscribe(log, notes);
    await append(...records(P0, 'a', 'b'));
    await notes.until(() => notes.of(P0).filter(({ offset }) => offset === 1).length === 2);
    expect(notes.of(P0).filter(({ offset }) => offset === 0)).toHaveLength(2);
  });
}

function describeCaughtUp(harness: EventLogHarness): void {
  it('is caught up where nothing is beyond its offset, and not while something is', async () => {
    const { log, clock, append, next } = await openLog(harness);
    const notes = takeNotes();
    const subscription = await subscribe(log, notes);
    const before = clock.now();
    await untilCaughtUp(subscription, P1, 0);
    await append(record(P0, 'a'));
    await notes.until(() => notes.texts(P0).includes('a'));
    expect(subscription.caughtUpAt(P0, 0)).toBeUndefined();
    const at = await untilCaughtUp(subscription, P0, await next(P0));
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(clock.now());
  });

  it('no record comes later with a log time before the moment it was caught up', async () => {
    const { log, append, next } = await openLog(harness);
    const notes = takeNotes();
    const subscription = await subscribe(log, notes);
    for (const text of numbered('n', 10)) {
      const end = await next(P0);
      const at = await untilCaughtUp(subscription, P0, end);
      await append(record(P0, text));
      await notes.until(() => notes.texts(P0).includes(text));
      const later = notes.of(P0).filter(({ offset }) => offset >= end);
      expect(Math.min(...later.map(({ logTime }) => logTime))).toBeGreaterThanOrEqual(at);
    }
  });
}

/** A log that has to ask a broker knows a moment later; one that owns the data knows at once. */
async function untilCaughtUp(
  subscription: Subscription,
  partition: TopicPartition,
  offset: number,
): Promise<number> {
  for (;;) {
    const at = subscription.caughtUpAt(partition, offset);
    if (at !== undefined) return at;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function describeGroups(harness: EventLogHarness): void {
  it('of another group gets everything as well', async () => {
    const { log, append } = await openLog(harness);
    const [one, two] = [takeNotes(), takeNotes()];
    await subscribe(log, one, { group: 'one' });
    await subscribe(log, two, { group: 'two' });
    await append(record(P0, 'a'), record(P1, 'b'));
    for (const notes of [one, two]) {
      await notes.until(() => notes.texts(P0).includes('a') && notes.texts(P1).includes('b'));
      expect([...notes.owned].sort()).toEqual([nameOf(P0), nameOf(P1)]);
    }
  });

  it.runIf(harness.shared)(
    'shares the partitions with others of its group, each owned by one',
    async () => {
      const { log, append } = await openLog(harness);
      const [one, two] = [takeNotes(), takeNotes()];
      await subscribe(log, one);
      const second = await subscribe(log, two);
      await one.until(() => one.owned.size === 1);
      await two.until(() => two.owned.size === 1);
      expect(new Set([...one.owned, ...two.owned]).size).toBe(2);
      await append(record(P0, 'a'), record(P1, 'b'));
      const [owner0, owner1] = one.owned.has(nameOf(P0)) ? [one, two] : [two, one];
      await owner0.until(() => owner0.texts(P0).includes('a'));
      await owner1.until(() => owner1.texts(P1).includes('b'));
      await second.close();
      await one.until(() => one.owned.size === 2);
      await append(record(P0, 'c'), record(P1, 'd'));
      await one.until(() => one.texts(P0).includes('c') && one.texts(P1).includes('d'));
    },
  );

  it.runIf(!harness.shared)(
    'is refused while its group has a subscriber, and taken afterwards',
    async () => {
      const { log, append } = await openLog(harness);
      const first = await subscribe(log, takeNotes());
      await expect(log.subscribe('stage', ['events'], takeNotes())).rejects.toMatchObject({
        code: 'already_running',
      });
      await first.close();
      const notes = takeNotes();
      await subscribe(log, notes);
      await append(record(P0, 'a'));
      await notes.until(() => notes.texts(P0).includes('a'));
    },
  );

  it('whose answer to `assigned` fails leaves the group free for another try', async () => {
    const { log, append } = await openLog(harness);
    const broken = takeNotes({ beforeAssigned: () => Promise.reject(new Error('store is away')) });
    try {
      // Told by the call itself or by `failed`, as the log can.
      await (await log.subscribe('stage', ['events'], broken)).close();
    } catch (error) {
      broken.failed(error);
    }
    expect(broken.failures).toMatchObject([{ message: 'store is away' }]);
    const notes = takeNotes();
    await subscribe(log, notes);
    await append(record(P0, 'a'));
    await notes.until(() => notes.texts(P0).includes('a'));
  });
}

export function describeTails(harness: EventLogHarness): void {
  const follow = () => {
    const heard: { readonly name: string; readonly text: string }[] = [];
    const waiting = new Map<string, () => void>();
    return {
      heard,
      each(seen: { topic: string; partition: number; value: Uint8Array }) {
        const text = textOf(seen.value);
        heard.push({ name: nameOf(seen), text });
        waiting.get(text)?.();
      },
      until: (text: string) =>
        new Promise<void>((resolve) => {
          waiting.set(text, resolve);
          if (heard.some((one) => one.text === text)) resolve();
        }),
    };
  };

  it('from now on gets what is appended after it began, of every partition', async () => {
    const { log, append, once } = await openLog(harness);
    await append(record(P0, 'before'));
    const { heard, each, until } = follow();
    const tail = await log.tail('events', 'now', each);
    await append(...records(P0, 'a', 'b'), record(P1, 'c'));
    await Promise.all([until('b'), until('c')]);
    tail.close();
    const of = (partition: TopicPartition) =>
      once(heard.filter(({ name }) => name === nameOf(partition)).map(({ text }) => text));
    expect([of(P0), of(P1)]).toEqual([['a', 'b'], ['c']]);
  });

  it('from given offsets gets what was there as well', async () => {
    const { log, append, next, once } = await openLog(harness);
    await append(record(P0, 'too early'));
    const from = [await next(P0), 0];
    await append(record(P0, 'a'), record(P1, 'b'));
    const { heard, each, until } = follow();
    const tail = await log.tail('events', from, each);
    await Promise.all([until('a'), until('b')]);
    await append(record(P0, 'c'));
    await until('c');
    tail.close();
    expect(once(heard.map(({ text }) => text)).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('takes nothing away from subscribers, nor they from it', async () => {
    const { log, append } = await openLog(harness);
    const notes = takeNotes();
    await subscribe(log, notes);
    const { heard, each, until } = follow();
    const tail = await log.tail('events', 'now', each);
    await append(record(P0, 'a'));
    await until('a');
    await notes.until(() => notes.texts(P0).includes('a'));
    tail.close();
    expect([heard[0]?.text, notes.texts(P0)[0]]).toEqual(['a', 'a']);
  });

  it('hears nothing more once it is closed', async () => {
    const { log, append } = await openLog(harness);
    const [first, second] = [follow(), follow()];
    const tail = await log.tail('events', 'now', first.each);
    tail.close();
    const other = await log.tail('events', 'now', second.each);
    await append(record(P0, 'a'));
    await second.until('a');
    other.close();
    expect(first.heard).toEqual([]);
  });
}
