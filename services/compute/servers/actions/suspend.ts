import { resumeServer, suspendServer } from '../../workflows/power.ts';
import { powerAction } from '../action.ts';

/** To the disk of the host: the guest goes on where it was, also after a restart of the host. */
export const suspend = powerAction({
  key: 'suspend',
  rule: 'os-suspend-server:suspend',
  name: 'suspend',
  from: { vmState: ['active'] },
  meanwhile: { taskState: 'suspending' },
  workflow: suspendServer,
});

export const resume = powerAction({
  key: 'resume',
  rule: 'os-suspend-server:resume',
  name: 'resume',
  from: { vmState: ['suspended'] },
  meanwhile: { taskState: 'resuming' },
  workflow: resumeServer,
});
