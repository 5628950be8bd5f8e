/** A request that a feature makes in the name of another one. */
import type { Readable } from 'node:stream';
import type { Authenticated } from '#shared/auth/caller.ts';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';

interface Changed {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly stream?: Readable;
  readonly caller?: Authenticated;
}

/** The body of another stream has no headers of its own: `headers` are those of the new request. */
export function callWith(call: Call, { method, query, headers, stream, caller = call.caller }: Changed): Call {
  const { policy } = call.caller;
  const all = { ...caller, policy };
  const body = stream === undefined || stream === call.stream ? call.stream : Object.assign(stream, { headers });
  return {
    ...call,
    method,
    query,
    queries: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    header: (name) => headers[name],
    stream: body as Call['stream'],
    caller: all,
    may: (rule, target) => policy.may(rule, all, target),
    authorize: (rule, target) => policy.authorize(rule, all, target),
  };
}
