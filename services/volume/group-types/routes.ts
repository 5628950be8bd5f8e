import { may } from '#shared/auth/policy.ts';
import type { Query } from '#shared/db/page.ts';
import { Fault } from '#shared/errors/fault.ts';
import { accepted, anyToken, type Call, type Handler, type Route } from '#shared/http/route.ts';
import { extraSpecs } from '#shared/resource/extra-specs.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { isTrue } from '../listing/values.ts';
import { createGroupType, deleteGroupType, updateGroupType, visibleTo } from './operations.ts';
import { groupType, groupTypeAttributes, groupTypeRows, groupTypeView } from './resource.ts';

const since = '3.11';
const path = '/group_types';
const rule = 'group:group_types';
const specs = 'group:group_types_specs';

type FoundBy = Pick<Call<unknown, 'id'>, 'caller' | 'params'>;
const find = ({ db }: Volumes, { caller, params }: FoundBy) => groupTypeRows.get(db, params.id, visibleTo(caller));

/** An administrator sees public ones unless he asks for others, or for all with none. */
function list({ db }: Volumes, call: Omit<Call, 'body'>) {
  const { caller, query } = call;
  const { is_public: asked = 'true', ...others } = query;
  const visible = (rows: Query) => {
    visibleTo(caller)(rows);
    if (may(caller, 'context_is_admin') && !/^none$/i.test(asked)) rows.where({ isPublic: isTrue(asked) });
  };
  return listPage(db, groupType, { visible }, { ...call, query: others });
}

/** No setting names a default group type. */
const showDefault: Handler<Volumes> = async () => {
  throw new Fault(404, 'notFound', 'Default group type can not be found.');
};

export const groupTypeRoutes: Route<Volumes>[] = [
  { method: 'get', path: `${path}/default`, handler: showDefault, rule: anyToken, since },
  ...plainRoutes({
    one: 'group_type',
    many: 'group_types',
    path,
    since,
    attributes: groupTypeAttributes,
    rules: {
      list: anyToken,
      show: anyToken,
      create: `${rule}:create`,
      update: `${rule}:update`,
      remove: `${rule}:delete`,
    },
    page: list,
    find,
    view: groupTypeView,
    create: createGroupType,
    created: accepted,
    update: updateGroupType,
    remove: deleteGroupType,
  }),
  ...extraSpecs({
    path: `${path}/:id/group_specs`,
    many: 'group_specs',
    rule: {
      index: `${specs}:get_all`,
      show: `${specs}:get`,
      create: `${specs}:create`,
      update: `${specs}:update`,
      delete: `${specs}:delete`,
    },
    noun: 'Group Type',
    since,
    added: accepted,
    removed: accepted(),
    find,
    write: ({ db }, id, extraSpecs) => groupTypeRows.update(db, { id }, { extraSpecs }),
  }),
];
