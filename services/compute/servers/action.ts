/** Actions of servers: POST /servers/{id}/action, where the one key of the body chooses the action. */
import type { Json } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { type Answer, accepted, type Call, type Handler, type Route } from '#shared/http/route.ts';
import type { Workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import type { PowerChange } from '../workflows/power.ts';
import { beginTask } from './begin-task.ts';
import { serverOf, unlockedServer } from './find.ts';
import { powerOf, type ServerTransition } from './states.ts';
import type { Server } from './store.ts';

interface Definition<Input> {
  readonly key: string;
  /** Below `os_compute_api:`. */
  readonly rule: string;
  /** The schema of the value of the key; anything unless told. */
  readonly input?: Json;
  readonly since?: Version;
  readonly until?: Version;
  /** Also on a locked server. */
  readonly whileLocked?: true;
  /** What it does; the answer is 202 unless `answer` gives another one. */
  act?(...on: On<Input>): Promise<void>;
  answer?(...on: On<Input>): Promise<Answer>;
}

type On<Input> = [compute: Compute, call: Call<unknown, 'id'>, server: Server, input: Input];

export interface ServerAction {
  readonly key: string;
  readonly input: Json;
  readonly route: Route<Compute>;
}

/** The input of most actions. */
export const nothing: Json = { type: ['object', 'null'] };

export function serverAction<Input = unknown>(definition: Definition<Input>): ServerAction {
  const { key, rule, input = {}, since, until, whileLocked, act } = definition;
  const accept = async (...on: On<Input>) => {
    await act?.(...on);
    return accepted();
  };
  const { answer = accept } = definition;
  const find = whileLocked ? serverOf : unlockedServer;
  const handler: Handler<Compute, Readonly<Record<string, Input>>, 'id'> = async (compute, call) =>
    answer(compute, call, await find(compute, call), call.body[key] as Input);
  const range = { ...(since ? { since } : {}), ...(until ? { until } : {}) };
  const path = '/v2.1/servers/:id/action';
  const route = { method: 'post', path, action: key, handler, rule: `os_compute_api:${rule}`, ...range } as const;
  return { key, input, route };
}

interface PowerAction extends Pick<Definition<unknown>, 'key' | 'rule'>, ServerTransition {
  readonly workflow: Workflow<PowerChange, Compute>;
}

/** An action whose task changes the power state of the guest. */
export function powerAction({ key, rule, workflow, ...transition }: PowerAction) {
  const begin = (compute: Compute, caller: Caller, server: Server) =>
    beginTask(compute, caller, server, powerTask(server, workflow, [transition]));
  const action = serverAction({
    key,
    rule,
    input: nothing,
    act: (compute, { caller }, server) => begin(compute, caller, server),
  });
  return { ...action, begin };
}

export const powerTask = (
  server: Server,
  workflow: Workflow<PowerChange, Compute>,
  transitions: readonly [ServerTransition, ...ServerTransition[]],
) => ({
  transitions,
  workflow,
  action: transitions[0].name,
  params: () => ({ serverId: server.id, power: powerOf(server) }),
});
