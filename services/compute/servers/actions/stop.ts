import { stopServer } from '../../workflows/power.ts';
import { powerAction } from '../action.ts';

export const stop = powerAction({
  key: 'os-stop',
  rule: 'servers:stop',
  name: 'stop',
  from: { vmState: ['active', 'error'] },
  meanwhile: { taskState: 'powering-off' },
  workflow: stopServer,
});
