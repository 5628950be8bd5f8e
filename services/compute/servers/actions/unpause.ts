import { unpauseServer } from '../../workflows/power.ts';
import { powerAction } from '../action.ts';

export const unpause = powerAction({
  key: 'unpause',
  rule: 'os-pause-server:unpause',
  name: 'unpause',
  from: { vmState: ['paused'] },
  meanwhile: { taskState: 'unpausing' },
  workflow: unpauseServer,
});
