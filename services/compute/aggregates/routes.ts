import { type Call, ok, type Route } from '#shared/http/route.ts';
import { actionsOn } from '#shared/resource/actions.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Compute } from '../context.ts';
import {
  addHost,
  createAggregate,
  deleteAggregate,
  type HostInput,
  type MetadataInput,
  removeHost,
  setMetadata,
  updateAggregate,
} from './operations.ts';
import { type Aggregate, aggregateAttributes, aggregateView, writtenView } from './resource.ts';
import { getAggregate, listAggregates } from './store.ts';

const path = '/v2.1/os-aggregates';
const rule = 'os_compute_api:os-aggregates';

const find = ({ db }: Compute, { params }: Pick<Call<unknown, 'id'>, 'params'>) => getAggregate(db, params.id);
const on = actionsOn(`${path}/:id/action`, find);

/** An action, which answers with the aggregate. */
const act = <Input>(key: string, change: (compute: Compute, row: Aggregate, input: Input) => Promise<Aggregate>) =>
  on<Input>(
    key,
    `${rule}:${key}`,
    async (compute, row, input, call) => ({ aggregate: aggregateView(await change(compute, row, input), call) }),
    ok,
  );

export const aggregateRoutes: Route<Compute>[] = [
  ...plainRoutes({
    one: 'aggregate',
    many: 'aggregates',
    path,
    attributes: aggregateAttributes,
    rules: {
      list: `${rule}:index`,
      show: `${rule}:show`,
      create: `${rule}:create`,
      update: `${rule}:update`,
      remove: `${rule}:delete`,
    },
    page: async ({ db }: Compute) => ({ rows: await listAggregates(db), extra: {} }),
    find,
    view: aggregateView,
    written: writtenView,
    create: createAggregate,
    update: updateAggregate,
    remove: deleteAggregate,
    removed: ok(undefined),
  }),
  act<HostInput>('add_host', addHost),
  act<HostInput>('remove_host', removeHost),
  act<MetadataInput>('set_metadata', setMetadata),
];
