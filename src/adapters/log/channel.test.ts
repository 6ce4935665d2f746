import { describe, expect, it } from 'vitest';
import { channelContract } from '../../ports/channel.contract.ts';
import { createLogChannel } from './channel.ts';

describe('the channel log', () => {
  channelContract({
    behaviours: ['accepts', 'fails for a while'],
    async open() {
      let fails = false;
      const lines: { readonly id: string }[] = [];
      const write = (line: string): void => {
        if (fails) throw new Error('no space left');
        lines.push(JSON.parse(line) as { id: string });
      };
      return {
        channel: createLogChannel({ write }),
        gateway: {
          async behave(behaviour) {
            fails = behaviour !== 'accepts';
          },
          received: () => lines.map(({ id }) => id),
        },
        close: async () => {},
      };
    },
  });

  it('writes one line for each delivery, without any identifier’s value', async () => {
    const lines: string[] = [];
    const channel = createLogChannel({ write: (line) => lines.push(line) });
    await channel.deliver({
      id: 'a:0',
      attempt: 2,
      tenant: 'default',
      trigger: '购物车未支付',
      profile: '0019acb79e0236e9dca2',
      at: 1_700_000_000_000,
      recipients: [
        { type: 'phone', scope: '', value: '+8613800138000' },
        { type: 'openid', scope: 'wx1', value: 'o-1' },
        { type: 'openid', scope: 'wx2', value: 'o-2' },
      ],
      content: { text: 'Hello +8613800138000\nand more' },
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      event: 'delivery',
      id: 'a:0',
      attempt: 2,
      tenant: 'default',
      trigger: '购物车未支付',
      profile: '0019acb79e0236e9dca2',
      at: 1_700_000_000_000,
      reachableBy: ['phone', 'openid'],
    });
  });
});
