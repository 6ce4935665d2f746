/** The shape of each schema in `schemas/`, by its fingerprint: of another schema there is none. */
import type { Shapes } from '../../src/runtime/avro/shaped.ts';
import { ACTIONS } from './actions.ts';
import { CHANGES } from './changes.ts';
import { DEAD_LETTERS } from './dead-letters.ts';
import { DELIVERIES } from './deliveries.ts';
import { EVENTS } from './events.ts';
import { PROFILE_STATE } from './profile-state.ts';
import { RAW } from './raw.ts';

export const SHAPES: Shapes = {
  '392192115e13573160f6fd52050f71bc': RAW,
  '2e6034d93186f18ac31e8e5829dd58f3': EVENTS,
  '747517d54e5620cd350346bfae365040': CHANGES,
  '9fbe155087e90bab74c9c7ca52d6018d': ACTIONS,
  '8ccaa21aff178b281344c777eed3c4ff': DELIVERIES,
  '57cdcd346e276b05f7d0f83df4a60627': DEAD_LETTERS,
  '154d58f66b1b1956567092c3ad4ebb22': PROFILE_STATE,
};
