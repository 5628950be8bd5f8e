import { pauseServer } from '../../workflows/power.ts';
import { powerAction } from '../action.ts';

export const pause = powerAction({
  key: 'pause',
  rule: 'os-pause-server:pause',
  name: 'pause',
  from: { vmState: ['active'] },
  meanwhile: { taskState: 'pausing' },
  workflow: pauseServer,
});
