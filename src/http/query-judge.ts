/**
 * Judges the parts of a request by their schemas. The last good query of a route is remembered, as
 * whoever polls asks the same thing all day, and to judge it again costs more than to answer it.
 */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';

type Part = Parameters<typeof TypeBoxValidatorCompiler>[0];
type Query = Readonly<Record<string, unknown>>;

export function compileJudge(part: Part): ReturnType<typeof TypeBoxValidatorCompiler> {
  const judge = TypeBoxValidatorCompiler(part);
  if (part.httpPart !== 'querystring') return judge;
  let asked: Query | undefined;
  let answer: ReturnType<typeof judge>;
  return (query: Query) => {
    if (asked !== undefined && isSame(asked, query)) return answer;
    // Judging may change what it is given.
    const copy = { ...query };
    const judged = judge(query);
    if (typeof judged !== 'object' || !('value' in judged)) return judged;
    asked = copy;
    answer = { value: Object.freeze(judged.value) };
    return answer;
  };
}

/** Lists, of names that are sent twice, are never the same. */
function isSame(one: Query, other: Query): boolean {
  let names = 0;
  for (const name in one) {
    if (other[name] !== one[name]) return false;
    names += 1;
  }
  for (const _ in other) names -= 1;
  return names === 0;
}
