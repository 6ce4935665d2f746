/**
 * Chance that comes from a seed: sfc32 (a small fast counter generator that passes PractRand), on
 * 32-bit integers and IEEE division only, so every machine draws the same numbers. No logarithm, no
 * power, no trigonometry: engines may differ in their last bit.
 */
export interface Random {
  /** In [0, 1), a multiple of 2⁻³². */
  next(): number;
  /** An integer in [0, count). */
  below(count: number): number;
  /** An integer in [low, high]. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

const TWO_32 = 4_294_967_296;
const WARM_UP_ROUNDS = 12;

/** The same words give the same numbers; streams of different words have nothing in common. */
export function createRandom(...words: readonly number[]): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  for (const word of words) {
    a = scramble(a ^ (word >>> 0));
    b = scramble((b + a) ^ (Math.floor(word / TWO_32) >>> 0));
    c = scramble(c + b);
  }

  const draw = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) draw();

  return {
    next: () => draw() / TWO_32,
    below: (count) => Math.floor((draw() / TWO_32) * count),
    between: (low, high) => low + Math.floor((draw() / TWO_32) * (high - low + 1)),
    chance: (probability) => draw() / TWO_32 < probability,
    pick: <T>(list: readonly T[]): T => list[Math.floor((draw() / TWO_32) * list.length)] as T,
  };
}

/** A few draws in [0, 1) for one thing among many: cheaper to set up (splitmix32). */
export function createDraws(seed: number, salt: number, number: number): () => number {
  let state = scramble(number ^ scramble(salt ^ scramble(seed ^ Math.floor(seed / TWO_32))));
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return scramble(state) / TWO_32;
  };
}

/** A bijection of 32-bit integers: distinct numbers stay distinct, and look unrelated. */
export function scramble(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/**
 * Zipf over ranks 0 … count − 1: weight 1 / (rank + offset). A larger offset flattens the head, so
 * that a small shop's first customer does not make every tenth visit.
 */
export function createZipf(count: number, offset: number): (random: Random) => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + offset);
    sums[rank] = sum;
  }
  return (random) => {
    const target = random.next() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Draws an index by integer weights; all zero draws 0. */
export function pickWeighted(random: Random, weights: readonly number[]): number {
  let total = 0;
  for (const weight of weights) total += weight;
  let left = random.next() * total;
  for (let index = 0; index < weights.length; index++) {
    left -= weights[index] as number;
    if (left < 0) return index;
  }
  return 0;
}
