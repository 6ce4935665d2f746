/** A step as actions tell it: names, without the rules by which its channels were chosen. */
import type { JsonObject } from '../event.ts';
import type { ActionStep } from '../message.ts';
import type { TemplateContent } from '../template.ts';
import type { PlannedStep } from './plan.ts';

export function toActionStep(step: PlannedStep): ActionStep {
  if (step.kind === 'coupon') return { coupon: step.coupon };
  const [channel, ...fallback] = step.channels.map(({ name }) => name);
  return {
    channel: channel ?? '',
    ...(fallback.length === 0 ? {} : { fallback }),
    ...(step.template === null ? {} : { template: step.template }),
    ...(step.content === null ? {} : { with: asJson(step.content) }),
  };
}

const asJson = ({ title, body, data }: TemplateContent): JsonObject => ({
  ...(title === undefined ? {} : { title }),
  ...(body === undefined ? {} : { body }),
  ...(data === undefined ? {} : { data }),
});
