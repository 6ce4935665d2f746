/** Progress of an import on stderr: rows, rows a second, time left. Nothing where nobody looks. */
import { Presets, SingleBar } from 'cli-progress';
import type { ImportProgress } from '../app/import.ts';

export interface ImportBar {
  readonly update: (progress: ImportProgress) => void;
  readonly stop: () => void;
}

const EVERY_MS = 10_000;

export function createImportBar(): ImportBar {
  const startedAt = Date.now();
  const rateOf = (rows: number): number =>
    Math.round(rows / Math.max(0.001, (Date.now() - startedAt) / 1_000));
  if (!process.stderr.isTTY) {
    let toldAt = startedAt;
    return {
      update({ rows, bytesRead, sizeBytes }) {
        if (Date.now() - toldAt < EVERY_MS) return;
        toldAt = Date.now();
        const percent = Math.floor((bytesRead / Math.max(1, sizeBytes)) * 100);
        process.stderr.write(`${percent} % read, ${rows} rows, ${rateOf(rows)} rows/s\n`);
      },
      stop: () => undefined,
    };
  }
  const format = '{bar} {percentage} % | {rows} rows | {rate} rows/s | {eta_formatted} left';
  const bar = new SingleBar(
    { format, stream: process.stderr, etaBuffer: 50 },
    Presets.shades_classic,
  );
  let isStarted = false;
  return {
    update({ rows, bytesRead, sizeBytes }) {
      const facts = { rows, rate: rateOf(rows) };
      if (isStarted) bar.update(bytesRead, facts);
      else bar.start(sizeBytes, bytesRead, facts);
      isStarted = true;
    },
    stop() {
      if (isStarted) bar.stop();
    },
  };
}
