import { badRequest } from '#shared/errors/fault.ts';
import { ok } from '#shared/http/route.ts';
import { consoleUrl, readConsoleLog } from '../../consoles/operations.ts';
import { gone } from '../../gone/fault.ts';
import { serverAction } from '../action.ts';

export const getConsoleOutput = serverAction<{ readonly length?: number | string | null } | null>({
  key: 'os-getConsoleOutput',
  rule: 'os-console-output',
  input: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: { length: { type: ['integer', 'string', 'null'], minimum: -1, pattern: '^-?[0-9]+$' } },
  },
  whileLocked: true,
  answer: async (compute, _call, server, input) => {
    const length = Number(input?.length ?? -1);
    return ok(await readConsoleLog(compute, server, length < 0 ? null : length));
  },
});

export const getVncConsole = serverAction<{ readonly type: string }>({
  key: 'os-getVNCConsole',
  rule: 'os-remote-consoles',
  input: {
    type: 'object',
    required: ['type'],
    additionalProperties: false,
    properties: { type: { enum: ['novnc', 'xvpvnc'] } },
  },
  until: '2.5',
  whileLocked: true,
  answer: async (compute, _call, server, { type }) => {
    if (type !== 'novnc') throw badRequest(`Unavailable console type ${type}.`);
    return ok({ console: { type, url: await consoleUrl(compute, server, type) } });
  },
});

/** Guests have no SPICE display. */
export const getSpiceConsole = serverAction<{ readonly type: string }>({
  key: 'os-getSPICEConsole',
  rule: 'os-remote-consoles',
  input: {
    type: 'object',
    required: ['type'],
    additionalProperties: false,
    properties: { type: { enum: ['spice-html5'] } },
  },
  until: '2.5',
  whileLocked: true,
  answer: async (_compute, _call, _server, { type }) => {
    throw badRequest(`Unavailable console type ${type}.`);
  },
});

export const getRdpConsole = serverAction({
  key: 'os-getRDPConsole',
  rule: 'os-remote-consoles',
  until: '2.5',
  whileLocked: true,
  act: async () => {
    throw gone();
  },
});
