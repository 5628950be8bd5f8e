import { startServer } from '../../workflows/power.ts';
import { powerAction } from '../action.ts';

export const start = powerAction({
  key: 'os-start',
  rule: 'servers:start',
  name: 'start',
  from: { vmState: ['stopped'] },
  meanwhile: { taskState: 'powering-on' },
  workflow: startServer,
});
