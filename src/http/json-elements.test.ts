import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementTexts } from './json-elements.ts';

describe('the elements of a JSON list', () => {
  it('keep their text to the digit', () => {
    const text = ' [ {"a": 1.50} ,[1,[2]], "],[\\"\\\\", 9007199254740993,null ] ';
    expect(elementTexts(text)).toEqual([
      '{"a": 1.50}',
      '[1,[2]]',
      '"],[\\"\\\\"',
      '9007199254740993',
      'null',
    ]);
  });

  it.each(['[]', ' [ \n ] '])('of %j are none', (text) => expect(elementTexts(text)).toEqual([]));

  it('are, read one by one, what the list read as a whole is', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1, '\t', ' \n'), (list, space) => {
        const text = JSON.stringify(list, null, space);
        expect(elementTexts(text).map((one) => JSON.parse(one))).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
