import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { depthOf, isList, splitList } from './json-list.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text);
const textOf = (text: string, start: number, end: number): string =>
  bytesOf(text).toString('utf8', start, end);

/** What a reader of the list's elements reads; undefined where he would refuse it. */
function readByElements(text: string): unknown {
  if (!isList(bytesOf(text))) return undefined;
  const { elements, isClosed } = splitList(bytesOf(text), Infinity);
  try {
    return isClosed
      ? elements.map(({ start, end }): unknown => JSON.parse(textOf(text, start, end)))
      : undefined;
  } catch {
    return undefined;
  }
}

function readWhole(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

describe('the elements of a JSON list', () => {
  it('keep their text, their place and their depth', () => {
    const text = ' [ {"a": 1.50} ,[1,[2]], "],[\\"\\\\", 9007199254740993 ] ';
    const { elements, isClosed } = splitList(bytesOf(text), 10);
    expect(isClosed).toBe(true);
    const found = elements.map(({ start, end, depth }) => ({
      text: textOf(text, start, end),
      start,
      depth,
    }));
    expect(found).toEqual([
      { text: ' {"a": 1.50} ', start: 2, depth: 1 },
      { text: '[1,[2]]', start: 16, depth: 2 },
      { text: ' "],[\\"\\\\"', start: 24, depth: 0 },
      { text: ' 9007199254740993 ', start: 35, depth: 0 },
    ]);
  });

  it.each(['[]', ' [ \n ] '])('of %j are none', (text) => {
    expect(splitList(bytesOf(text), 10)).toEqual({ elements: [], isClosed: true });
  });

  it('may be read on the way, unless something stands behind them', () => {
    const text = '[ 1 ,2,3 4,5 ]';
    const read = (start: number) => {
      const digit = text.slice(start).search(/\d/);
      return { value: text[start + digit], end: start + digit + 1 };
    };
    const { elements, isClosed } = splitList(bytesOf(text), 10, read);
    expect(isClosed).toBe(true);
    expect(elements.map(({ value, start, end }) => [value, start, end])).toEqual([
      ['1', 1, 4],
      ['2', 5, 6],
      [undefined, 7, 10],
      ['5', 11, 13],
    ]);
  });

  it('are not looked for beyond one more than the most allowed', () => {
    expect(splitList(bytesOf('[1,2,3,4,'), 2).elements).toHaveLength(3);
  });

  it.each(['[', '[1', '[1,', '["', '["\\"', '[1}', '[1]]', '[1] 2', '[[1]', '[{]'])(
    'of %j are no list',
    (text) => expect(readByElements(text)).toBeUndefined(),
  );

  it.each(['[,]', '[1,]', '[,1]', '[1,,2]', '[1 2]', '[{"a":1]}', '[\u00a0]', '[\u00a01]'])(
    'of %j are not all valid',
    (text) => expect(readByElements(text)).toBeUndefined(),
  );

  it('are, read one by one, what the list read as a whole is', () => {
    const list = fc.array(fc.jsonValue());
    fc.assert(
      fc.property(list, fc.constantFrom(0, 1, '\t', ' \n'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(readByElements(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('are refused exactly where the whole is no JSON', () => {
    const piece = fc.constantFrom(
      ...'[]{},:" \t\n\\a0'.split(''),
      '1',
      '"a"',
      '"b":',
      '[]',
      'null',
    );
    const noise = fc.array(piece, { maxLength: 12 }).map((pieces) => `[${pieces.join('')}]`);
    const broken = fc
      .tuple(fc.array(fc.jsonValue()), fc.nat(), piece, fc.boolean())
      .map(([value, at, insert, cuts]) => {
        const text = JSON.stringify(value);
        const place = at % text.length;
        return text.slice(0, place) + insert + text.slice(cuts ? place + 1 : place);
      });
    fc.assert(
      fc.property(fc.oneof(noise, broken), (text) => {
        fc.pre(isList(bytesOf(text)));
        expect(readByElements(text)).toEqual(readWhole(text));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('the depth of a text', () => {
  it.each([
    ['1', 0],
    ['{"a":"[[[["}', 1],
    ['[[],{"a":[1]}]', 3],
    ['[[[', 3],
    ['"[', 0],
    [']]]][', 0],
  ])('of %j is %i', (text, depth) => expect(depthOf(bytesOf(text))).toBe(depth));
});
