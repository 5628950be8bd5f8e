import { Fault } from '#shared/errors/fault.ts';

/** Nova's answer for what it has removed. */
export const gone = () =>
  new Fault(410, 'gone', 'This resource is no longer available. No forwarding address is given.');
