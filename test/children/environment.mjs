// A process that opens a data directory. `hold DIR` keeps it; `append DIR` appends until it is killed and says on
// stdout what is durable, one line each; `fill DIR` appends until the disk is full and says how it went on.
import { openEnvironment } from '../../dist/src/adapters/lmdb/environment.js';
import { createLmdbEventLog } from '../../dist/src/adapters/lmdb/event-log.js';
import { createLmdbProfileStore } from '../../dist/src/adapters/lmdb/profile-store.js';
import { createSystemClock } from '../../dist/src/adapters/system/clock.js';

const [, , mode, dir] = process.argv;
const CALLERS = 8;
const MODES = { hold, append: appendAndCommit, fill };
const clock = createSystemClock();
const topics = [
  { name: 'raw.pos', partitions: 2 },
  { name: 'actions', partitions: 2 },
];

try {
  await MODES[mode]();
} catch (error) {
  say(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}

function open(options) {
  return openEnvironment(dir, { clock, partitions: 2, topics, ...options });
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Until stdin closes: that is how the parent lets go. */
function hold() {
  const environment = open({ ballastBytes: 0 });
  environment.setAddress('http://127.0.0.1:8080');
  say('open');
  process.stdin.resume().on('end', () => environment.close());
}

async function appendAndCommit() {
  const environment = open({ ballastBytes: 0, segmentBytes: 100_000 });
  await Promise.all([append(environment), commit(environment)]);
}

async function append(environment) {
  const log = createLmdbEventLog(environment, clock);
  let next = 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async (_, caller) => {
      for (;;) {
        const text = `${process.pid}/${(next += 1)}`;
        const partition = next % 2;
        const value = Buffer.from(text.padEnd(300 + 400 * caller, '.'));
        await log.append([{ topic: 'raw.pos', partition, schema: 1, value }]);
        say(`appended ${partition} ${text}`);
      }
    }),
  );
}

/** Every commit moves on by one, counts in two states, and puts one record into the log. */
async function commit(environment) {
  const store = createLmdbProfileStore(environment, { generationBytes: 5_000 });
  const { epoch, position } = await store.claim(0);
  for (let count = position.offset + 1; ; count += 1) {
    const value = Buffer.from(String(count));
    await store.commit([
      {
        partition: 0,
        epoch,
        from: { offset: count - 1, index: 0 },
        to: { offset: count, index: 0 },
        clock: count,
        states: [
          { key: 'default/a', value, dueBefore: count === 1 ? null : count - 1, dueAfter: count },
          { key: `default/${count % 50}`, value, dueBefore: null, dueAfter: null },
        ],
        outputs: [{ topic: 'actions', partition: 0, schema: 1, value }],
      },
    ]);
    say(`committed ${count}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function fill() {
  const options = { segmentBytes: 4_000_000, ballastBytes: 6_000_000 };
  const environment = open(options);
  const append = (bytes) => {
    const value = Buffer.alloc(bytes, 1);
    environment.write(() =>
      environment.appendInside([{ topic: 'raw.pos', partition: 0, schema: 1, value }]),
    );
  };
  let appended = 0;
  for (let failure; failure === undefined;) {
    try {
      append(200_000);
      appended += 1;
    } catch (error) {
      failure = error;
      say(`${error.code} ${error.retriable}`);
    }
  }
  append(1_000);
  say(`next ${environment.bounds({ topic: 'raw.pos', partition: 0 }).next - appended}`);
  say(`low ${environment.diskState().low}`);
  say(`dropped ${environment.dropBefore(Infinity) > 0}`);
  for (let i = 0; i < 50; i += 1) append(200_000);
  await environment.close();
  const again = open(options);
  const { first, next } = again.bounds({ topic: 'raw.pos', partition: 0 });
  const records = again.read({ topic: 'raw.pos', partition: 0 }, first, {
    recordsMax: 10_000,
    bytesMax: 1e9,
  });
  say(`there ${next - appended} ${records.length === next - first}`);
  await again.close();
}
