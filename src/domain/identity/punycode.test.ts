import { expect, it } from 'vitest';
import { toAsciiLabel } from './punycode.ts';

// The sample strings of RFC 3492, section 7.1, in lower case and without its spaces, and others.
it.each([
  ['他们为什么不说中文', 'xn--ihqwcrb4cv8a8dqg056pqjye'],
  ['他們爲什麽不說中文', 'xn--ihqwctvzc91f659drss3x8bo0yb'],
  ['なぜみんな日本語を話してくれないのか', 'xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa'],
  ['почемужеонинеговорятпорусски', 'xn--b1abfaaepdrnnbgefbadotcwatmq2g4l'],
  ['porquénopuedensimplementehablarenespañol', 'xn--porqunopuedensimplementehablarenespaol-fmd56a'],
  ['3年b組金八先生', 'xn--3b-ww4c5e180e575a65lsy2b'],
  ['bücher', 'xn--bcher-kva'],
  ['中国', 'xn--fiqs8s'],
  ['😀', 'xn--e28h'],
  ['example', 'example'],
])('the label %s is %s', (label, ascii) => {
  expect(toAsciiLabel(label)).toBe(ascii);
});

it('a label reads the same to a browser', () => {
  for (const label of ['münchen', '网络', 'пример', 'ελλάδα', 'ไทย', '한국어']) {
    expect(toAsciiLabel(label)).toBe(new URL(`http://${label}`).hostname);
  }
});
