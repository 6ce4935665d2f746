import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { compileJudge } from './query-judge.ts';

const schema = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1 })), cursor: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

const judgeOf = (httpPart: string) =>
  compileJudge({ schema, httpPart, method: 'GET', url: '/' }) as (query: object) => object;

describe('the judge of queries', () => {
  it('answers the same query with the same value, whatever was refused between', () => {
    const judge = judgeOf('querystring');
    const first = judge({ limit: '7' });
    expect(first).toEqual({ value: { limit: 7 } });
    expect(judge({ limit: '0' })).toHaveProperty('error');
    expect(judge({ limit: '7' })).toBe(first);
  });

  it('takes no query for another that has fewer names, more, or other values', () => {
    const judge = judgeOf('querystring');
    judge({ limit: '7', cursor: 'a' });
    expect(judge({ limit: '7' })).toEqual({ value: { limit: 7 } });
    expect(judge({ limit: '7', cursor: 'b' })).toEqual({ value: { limit: 7, cursor: 'b' } });
    expect(judge({ limit: '7', cursor: 'b', more: 'c' })).toHaveProperty('error');
    expect(judge({})).toEqual({ value: {} });
    expect(judge({ limit: ['7', '8'] })).toHaveProperty('error');
  });
});
