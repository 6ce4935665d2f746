/**
 * The members of a group and who reads what. Whenever somebody joins or leaves, partitions are
 * dealt out anew: first taken away, then given, one change after another.
 */
import type { LogSink, Subscription, TopicPartition } from '../../ports/event-log.ts';
import { createReader } from './log-reader.ts';
import type { Reader, RecordSource } from './log-reader.ts';

export interface Group {
  /** Resolves when this member has its share. */
  join(partitions: readonly TopicPartition[], sink: LogSink): Promise<Subscription>;
}

interface Member {
  readonly sink: LogSink;
  readonly reader: Reader;
  readonly topics: ReadonlySet<string>;
  owned: readonly TopicPartition[];
}

export function createGroup(source: RecordSource): Group {
  const members = new Set<Member>();
  const known = new Map<string, TopicPartition>();
  let changes = Promise.resolve();

  const rebalance = (): Promise<void> => {
    changes = changes.then(async () => {
      const shares = deal([...known.values()], [...members]);
      for (const member of members) takeAway(member, shares.get(member) ?? []);
      for (const member of members) await give(member, shares.get(member) ?? []);
    });
    return changes;
  };

  return {
    async join(partitions, sink) {
      const member: Member = {
        sink,
        reader: createReader(source, sink),
        topics: new Set(partitions.map(({ topic }) => topic)),
        owned: [],
      };
      for (const partition of partitions) known.set(nameOf(partition), partition);
      members.add(member);
      await rebalance();
      return {
        resume: (partition) => member.reader.resume(partition),
        seek: (partition, offset) => member.reader.seek(partition, offset),
        caughtUpAt: (partition, offset) =>
          source.bounds(partition).next <= offset ? source.now() : undefined,
        async close() {
          member.reader.close();
          members.delete(member);
          await rebalance();
        },
      };
    },
  };
}

/** Every partition to one of the members that asked for its topic, in turn. */
function deal(
  partitions: readonly TopicPartition[],
  members: readonly Member[],
): ReadonlyMap<Member, readonly TopicPartition[]> {
  const shares = new Map<Member, TopicPartition[]>(members.map((member) => [member, []]));
  for (const partition of partitions) {
    const able = members.filter(({ topics }) => topics.has(partition.topic));
    const owner = able[partition.partition % Math.max(1, able.length)];
    if (owner) shares.get(owner)?.push(partition);
  }
  return shares;
}

function takeAway(member: Member, share: readonly TopicPartition[]): void {
  const lost = without(member.owned, share);
  if (lost.length === 0) return;
  member.owned = without(member.owned, lost);
  for (const partition of lost) member.reader.remove(partition);
  member.sink.revoked(lost);
}

async function give(member: Member, share: readonly TopicPartition[]): Promise<void> {
  const gained = without(share, member.owned);
  if (gained.length === 0) return;
  try {
    const offsets = await member.sink.assigned(gained);
    gained.forEach((partition, i) => member.reader.add(partition, offsets[i] ?? 0));
    member.owned = [...member.owned, ...gained];
  } catch (error) {
    member.sink.failed(error);
  }
}

const without = (
  list: readonly TopicPartition[],
  others: readonly TopicPartition[],
): readonly TopicPartition[] => {
  const names = new Set(others.map(nameOf));
  return list.filter((partition) => !names.has(nameOf(partition)));
};

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
