/** The channels of a catalogue as things that send. One without what it needs is named, not offered. */
import { createLogChannel } from '../adapters/log/channel.ts';
import { createWebhookChannel } from '../adapters/webhook/channel.ts';
import { createEgress } from '../adapters/webhook/egress.ts';
import type { Config } from '../config.ts';
import type { ChannelPlan } from '../domain/channels.ts';
import type { Channel } from '../ports/channel.ts';

export interface OpenedChannels {
  readonly channels: ReadonlyMap<string, Channel>;
  /** Why some are not offered: said at start. */
  readonly missing: readonly string[];
}

const DEFAULT_SECRET = 'WEFT_WEBHOOK_SECRET';

export function openChannels(
  plan: ChannelPlan,
  config: Config,
  write: (line: string) => void,
): OpenedChannels {
  const egress = createEgress({ allow: config.egressAllow });
  const channels = new Map<string, Channel>();
  const missing: string[] = [];
  for (const { name, kind, url, mode, secretEnv } of plan.channels.values()) {
    if (kind === 'log') {
      channels.set(name, createLogChannel({ write }));
      continue;
    }
    const setting = secretEnv ?? DEFAULT_SECRET;
    const secrets = config.secretsOf(setting);
    if (url !== null && secrets.length > 0) {
      channels.set(name, createWebhookChannel({ name, url, secrets, egress }));
    } else if (mode === 'live') {
      missing.push(`channel ${name} needs a url in channels.yaml and a secret in ${setting}`);
    }
  }
  return { channels, missing };
}
