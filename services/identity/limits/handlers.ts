import { created, type Handler, ok } from '#shared/http/route.ts';
import type { Body } from '#shared/resource/body.ts';
import type { Identity } from '../context.ts';
import { collection, listOf } from '../resources/view.ts';
import { createLimits, registerLimits } from './operations.ts';
import { limit, limitView, newLimit, registeredLimit } from './resource.ts';
import { listLimitsIn, type OwnerScope } from './store.ts';

export const createRegistered: Handler<Identity, { registered_limits: readonly Body[] }> = async (identity, call) => {
  const rows = await registerLimits(identity, call.body.registered_limits.map(registeredLimit.create));
  const views = rows.map((row) => registeredLimit.view(row, call.base));
  return created(collection(call, registeredLimit.many, views));
};

/** A list contains the limits of the scope of the token; system scope, administrators and services see all. */
export const listLimits: Handler<Identity> = async ({ db }, call) => {
  const { system, domainId, projectId } = call.caller;
  const scope: OwnerScope = system || call.may('service_or_admin') ? 'all' : { domainId, projectId };
  return listOf(call, { many: limit.many, view: limitView }, await listLimitsIn(db, call.queries, scope));
};

export const createLimitsHandler: Handler<Identity, { limits: readonly Body[] }> = async (identity, call) => {
  const rows = await createLimits(identity, call.body.limits.map(newLimit));
  const views = rows.map((row) => limitView(row, call.base));
  return created(collection(call, limit.many, views));
};

const meanings = {
  flat: 'Limit enforcement and validation does not take project hierarchy into consideration.',
  strict_two_level:
    'This model requires project hierarchy never exceeds a depth of two, and no child has more than its parent.',
} as const;

export const showModel: Handler<Identity> = async ({ config }) =>
  ok({ model: { name: config.limitModel, description: meanings[config.limitModel] } });
