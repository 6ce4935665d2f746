/** What waits for a slow channel costs no memory, and nothing is started twice. */
import { expect, it } from 'vitest';
import type { Carried } from '../src/domain/dispatch/carried.ts';
import type { Action } from '../src/domain/message.ts';
import { DispatchLines } from './dispatch-lines.ts';
import { entryOf, readCarried } from './dispatch-step.ts';

const action = (id: string, channels: readonly string[]): Action => ({
  kind: 'action',
  tenant: 'default',
  id,
  trigger: 'welcome',
  profile: '00316680db3d0d1be59e',
  event: 'e1',
  anchor: 'e1',
  correlation: null,
  dueAt: null,
  decidedAt: 0,
  outcome: 'decided',
  reason: null,
  steps: channels.map((channel) => ({ channel })),
  recipients: [],
  context: '{}',
  history: false,
  receivedAt: null,
});

const workOf = (id: string, partition = 0) => {
  const carried: Carried = {
    action: action(id, ['slow']),
    step: 0,
    fallback: 0,
    postponed: 0,
    attempt: 1,
    codes: {},
  };
  return { partition, lane: 'channel:slow', carried };
};

it('holds a bounded number of works, whatever is offered', () => {
  const lines = new DispatchLines();
  for (let i = 0; i < 5_000; i += 1) lines.offer(workOf(`a${i}`), 10);
  let held = 0;
  for (let taken = lines.take(); taken.length > 0; taken = lines.take()) {
    held += taken.length;
    for (const work of taken) {
      lines.ended(work);
      lines.forget(work);
    }
  }
  expect(held).toBe(512);
  expect(lines.rooms(10)).toEqual([{ partition: 0, lane: 'channel:slow', limit: 512 }]);
});

it('starts nothing twice that the ledger lists while it is under way', () => {
  const lines = new DispatchLines();
  const work = workOf('a');
  lines.offer(work, 10);
  expect(lines.take()).toEqual([work]);
  const room = { partition: 0, lane: work.lane, limit: 10 };
  const listed = [entryOf(work.carried, 'open', 10), entryOf(workOf('b').carried, 'open', 11)];
  lines.fill(room, listed, { nextAt: null, read: readCarried });
  expect(lines.take().map(({ carried }) => carried.action.id)).toEqual(['b']);
});

it('lets partitions take turns in a lane', () => {
  const lines = new DispatchLines();
  for (let i = 0; i < 100; i += 1) lines.offer(workOf(`a${i}`, 0), 10);
  for (let i = 0; i < 100; i += 1) lines.offer(workOf(`b${i}`, 1), 10);
  const taken = lines.take();
  expect(taken.filter(({ partition }) => partition === 1)).toHaveLength(32);
  expect(taken).toHaveLength(64);
});
