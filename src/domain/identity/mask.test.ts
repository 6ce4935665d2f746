import { expect, it } from 'vitest';
import { maskIdentifier } from './mask.ts';

it.each([
  ['phone', '+8613800138000', '+86138****8000'],
  ['phone', '+8522345', '+****345'],
  ['email', 'jane@example.com', 'j***@example.com'],
  ['email', '张@例子.中国', '张***@例子.中国'],
  ['member', 'M1001', 'M1001'],
  ['device', 'd-1', 'd-1'],
] as const)('%s %s is shown as %s', (type, value, shown) => {
  expect(maskIdentifier(type, value)).toBe(shown);
});
