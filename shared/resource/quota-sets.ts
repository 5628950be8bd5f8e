/** The quota sets of projects and the quota class sets of Nova and Cinder. */
import type { Knex } from 'knex';
import type { Version } from '#shared/api/versions.ts';
import { type Answer, type Call, checkedInHandler, type Handler, ok, type Route } from '#shared/http/route.ts';
import { classOf, type Limits, type quotas } from './quota.ts';

/** What a client sends: limits, and words about how they are to be taken. */
export type SentLimits = Readonly<Record<string, number | string | boolean | null>>;

interface Definition<Service extends { readonly db: Knex }> {
  readonly quotas: ReturnType<typeof quotas<Service>>;
  /** `/v2.1`, or nothing where a service puts its own before all paths. */
  readonly prefix: string;
  readonly rules: Readonly<Record<'show' | 'update' | 'delete' | 'defaults' | 'showClass' | 'updateClass', string>>;
  /** The rule of `/detail`, where that path has the usage. */
  readonly detailRule?: string;
  /** Whether a show asks for usage. */
  isDetailed?(query: Call['query']): boolean;
  readonly removed: Answer;
  /** The limits among what was sent. Throws a 400. */
  parse(sent: SentLimits, known: Limits): Limits;
  /** Throws a 400 when the project cannot have these. */
  check?(service: Service, projectId: string, limits: Limits, sent: SentLimits): Promise<void>;
  /** What a version shows. */
  visible?(limits: Limits, version: Version): Limits;
  visibleClass?(limits: Limits, version: Version): Limits;
}

export function quotaSets<Service extends { readonly db: Knex }>(definition: Definition<Service>): Route<Service>[] {
  const { quotas, prefix, rules, detailRule, parse, check } = definition;
  const { visible = (limits) => limits, visibleClass = visible, isDetailed = () => false } = definition;
  type Handle<Body = never> = Handler<Service, Body, 'id'>;

  const limitsOf = async (service: Service, id: string, version: Version) =>
    visible(await quotas.limits(service, id), version);
  const classLimitsOf = async (service: Service, id: string, version: Version) =>
    visibleClass(await quotas.limits(service, classOf(id)), version);
  const detailsOf = async (service: Service, { params: { id }, version }: Call<never, 'id'>) => {
    const details = await quotas.details(service, id);
    const shown = visible(Object.fromEntries(details.map(({ resource, limit }) => [resource, limit])), version);
    const entries = details
      .filter(({ resource }) => Object.hasOwn(shown, resource))
      .map(({ resource, limit, used }) => [resource, { limit, in_use: used, reserved: 0 }]);
    return ok({ quota_set: { id, ...Object.fromEntries(entries) } });
  };
  const show: Handle = async (service, call) => {
    call.authorize(rules.show, { project_id: call.params.id });
    if (isDetailed(call.query)) return detailsOf(service, call);
    const { id } = call.params;
    return ok({ quota_set: { id, ...(await limitsOf(service, id, call.version)) } });
  };
  const detail =
    (rule: string): Handle =>
    async (service, call) => {
      call.authorize(rule, { project_id: call.params.id });
      return detailsOf(service, call);
    };
  const showDefaults: Handle = async (service, call) => {
    const { id } = call.params;
    call.authorize(rules.defaults, { project_id: id });
    return ok({ quota_set: { id, ...visible(await quotas.defaults(service), call.version) } });
  };
  const update: Handle<{ quota_set: SentLimits }> = async (service, call) => {
    const { id } = call.params;
    const sent = call.body.quota_set;
    const limits = parse(sent, await quotas.defaults(service));
    await check?.(service, id, limits, sent);
    await service.db.transaction((tx) => quotas.save({ ...service, db: tx }, id, limits));
    return ok({ quota_set: await limitsOf(service, id, call.version) });
  };
  const reset: Handle = async (service, { params: { id } }) => {
    await quotas.reset(service, id);
    return definition.removed;
  };
  const showClass: Handle = async (service, { params: { id }, version }) =>
    ok({ quota_class_set: { id, ...(await classLimitsOf(service, id, version)) } });
  const updateClass: Handle<{ quota_class_set: SentLimits }> = async (service, call) => {
    const { id } = call.params;
    const limits = parse(call.body.quota_class_set, await quotas.defaults(service));
    await service.db.transaction((tx) => quotas.save({ ...service, db: tx }, classOf(id), limits));
    return ok({ quota_class_set: await classLimitsOf(service, id, call.version) });
  };

  const set = `${prefix}/os-quota-sets/:id`;
  const classSet = `${prefix}/os-quota-class-sets/:id`;
  return [
    { method: 'get', path: set, handler: show, rule: checkedInHandler(rules.show) },
    { method: 'put', path: set, handler: update, rule: rules.update },
    { method: 'delete', path: set, handler: reset, rule: rules.delete },
    { method: 'get', path: `${set}/defaults`, handler: showDefaults, rule: checkedInHandler(rules.defaults) },
    ...(detailRule
      ? [
          {
            method: 'get',
            path: `${set}/detail`,
            handler: detail(detailRule),
            rule: checkedInHandler(detailRule),
          } as const,
        ]
      : []),
    { method: 'get', path: classSet, handler: showClass, rule: rules.showClass },
    { method: 'put', path: classSet, handler: updateClass, rule: rules.updateClass },
  ];
}
