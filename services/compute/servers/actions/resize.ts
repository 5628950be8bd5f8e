import { noContent } from '#shared/http/route.ts';
import { confirm, type ResizeInput, resize as resizeTo, revert } from '../../server-migrations/resize.ts';
import { nothing, serverAction } from '../action.ts';

export const resize = serverAction<ResizeInput>({
  key: 'resize',
  rule: 'servers:resize',
  input: {
    type: 'object',
    required: ['flavorRef'],
    additionalProperties: false,
    properties: {
      flavorRef: { anyOf: [{ type: 'string', minLength: 1 }, { type: 'integer' }] },
      'OS-DCF:diskConfig': { enum: ['AUTO', 'MANUAL'] },
    },
  },
  act: (compute, { caller }, server, input) => resizeTo(compute, caller, server, input),
});

export const confirmResize = serverAction({
  key: 'confirmResize',
  rule: 'servers:confirm_resize',
  input: nothing,
  answer: async (compute, { caller }, server) => {
    await confirm(compute, caller, server);
    return noContent();
  },
});

export const revertResize = serverAction({
  key: 'revertResize',
  rule: 'servers:revert_resize',
  input: nothing,
  act: (compute, { caller }, server) => revert(compute, caller, server),
});
