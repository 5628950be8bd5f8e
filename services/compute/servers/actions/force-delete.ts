import { serverAction } from '../action.ts';
import { removeServer } from '../remove.ts';

export const forceDelete = serverAction({
  key: 'forceDelete',
  rule: 'os-deferred-delete:force',
  act: (compute, { caller }, server) => removeServer(compute, caller, server),
});
