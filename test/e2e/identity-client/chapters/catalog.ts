/** Regions, services, endpoints and their groups, the catalog, policies, limits. */
import { does, lacks, lists, refuses, type Step, shows } from '../step.ts';

export const regions: readonly Step[] = [
  shows('region create --description cold --parent-region RegionOne north', {
    region: 'north',
    description: 'cold',
    parent_region: 'RegionOne',
  }),
  refuses('region create north', /409/),
  shows('region show north', { region: 'north' }),
  refuses('region show south', /south/),
  lists('region list --parent-region RegionOne', { region: 'north', parent_region: 'RegionOne', description: 'cold' }),
  refuses('region list', /401/, { as: 'outsider' }),
  does('region set --description icy north'),
  refuses('region set --description icy south', /404|south/),
];

export const services: readonly Step[] = [
  shows(
    'service create --name lighthouse --description light beacon',
    { name: 'lighthouse', type: 'beacon', enabled: true, description: 'light' },
    { keep: 'lighthouse' },
  ),
  refuses('service create --name x --disable beacon', /403/, { as: 'ann' }),
  shows('service show lighthouse', { id: '{lighthouse}', type: 'beacon' }),
  refuses('service show foghorn', /foghorn/),
  lists('service list --long', {
    id: '{lighthouse}',
    name: 'lighthouse',
    type: 'beacon',
    description: 'light',
    enabled: true,
  }),
  refuses('service list', /403/, { as: 'ann' }),
  does('service set --description bright lighthouse'),
  refuses('service set --description bright foghorn', /foghorn/),
];

export const endpoints: readonly Step[] = [
  shows(
    'endpoint create --region north lighthouse public http://127.0.0.1:7/%(project_id)s',
    {
      service_id: '{lighthouse}',
      service_name: 'lighthouse',
      service_type: 'beacon',
      interface: 'public',
      region: 'north',
      enabled: true,
      url: 'http://127.0.0.1:7/%(project_id)s',
    },
    { keep: 'lamp' },
  ),
  refuses('endpoint create --region north foghorn public http://127.0.0.1:7', /foghorn/),
  shows('endpoint show {lamp}', { id: '{lamp}', interface: 'public' }),
  refuses('endpoint show lamp', /lamp/),
  lists('endpoint list --service lighthouse --interface public --region north', {
    id: '{lamp}',
    service_type: 'beacon',
    url: 'http://127.0.0.1:7/%(project_id)s',
  }),
  refuses('endpoint list --service foghorn', /foghorn/),
  does('endpoint set --interface internal {lamp}'),
  shows('endpoint show {lamp}', { interface: 'internal' }),
  refuses('endpoint set --interface internal lamp', /lamp/),
  does('endpoint add project {lamp} {fleet}'),
  refuses('endpoint add project {lamp} {fleet}', /401/, { as: 'outsider' }),
  lists('endpoint list --project {fleet}', { id: '{lamp}' }),
  lists('endpoint list --endpoint {lamp}', { id: '{fleet}', name: 'fleet' }),
  does('endpoint remove project {lamp} {fleet}'),
  refuses('endpoint remove project {lamp} {fleet}', /404/),
];

export const endpointGroups: readonly Step[] = [
  shows(
    'endpoint group create --description lit lamps {filters}',
    { name: 'lamps', filters: { interface: 'internal' }, description: 'lit' },
    { keep: 'lamps' },
  ),
  refuses('endpoint group create lamps {nothing}', /nothing|no such file/i),
  shows('endpoint group show lamps', { id: '{lamps}' }),
  refuses('endpoint group show foghorns', /foghorns/),
  lists('endpoint group list', { id: '{lamps}', name: 'lamps', description: 'lit' }),
  does('endpoint group set --name lanterns --filters {moreFilters} lamps'),
  shows('endpoint group show lanterns', { filters: { interface: 'internal', service_id: /./ } }),
  refuses('endpoint group set --name x foghorns', /foghorns/),
  does('endpoint group add project lanterns {fleet}'),
  refuses('endpoint group add project lanterns {fleet}', /401/, { as: 'outsider' }),
  lists('endpoint group list --project {fleet}', { name: 'lanterns' }),
  lists('endpoint group list --endpointgroup lanterns', { id: '{fleet}' }),
  refuses('endpoint group list', /401/, { as: 'outsider' }),
  does('endpoint group remove project lanterns {fleet}'),
  refuses('endpoint group remove project lanterns {fleet}', /404/),
  does('endpoint group delete lanterns'),
  refuses('endpoint group delete lanterns', /endpoint group/),
];

export const catalog: readonly Step[] = [
  lists('catalog list', { name: 'lighthouse', type: 'beacon' }, { as: 'ann' }),
  refuses('catalog list', /401/, { as: 'outsider' }),
  shows(
    'catalog show beacon',
    {
      name: 'lighthouse',
      type: 'beacon',
      id: '{lighthouse}',
      endpoints: [{ interface: 'internal', url: 'http://127.0.0.1:7/{fleet}' }],
    },
    { as: 'ann' },
  ),
  does('catalog show foghorn', {}, /foghorn not found/),
  refuses('catalog show beacon', /401/, { as: 'outsider' }),
];

export const policies: readonly Step[] = [
  shows(
    'policy create --type application/json {rules}',
    { type: 'application/json', rules: /admin_required/ },
    { keep: 'law' },
  ),
  refuses('policy create {nothing}', /nothing|no such file/i),
  shows('policy show {law}', { id: '{law}' }),
  refuses('policy show {law}', /identity:(get_policy|list_policies)/, { as: 'ann' }),
  lists('policy list --long', { id: '{law}', type: 'application/json' }),
  refuses('policy list', /403/, { as: 'ann' }),
  does('policy set --type text/plain {law}'),
  refuses('policy set --type text/plain law', /law/),
  does('policy delete {law}'),
  refuses('policy delete {law}', /polic/),
];

export const limits: readonly Step[] = [
  shows(
    'registered limit create --service lighthouse --region north --default-limit 10 --description beams beams',
    { resource_name: 'beams', default_limit: 10, service_id: '{lighthouse}', region_id: 'north', description: 'beams' },
    { keep: 'beams' },
  ),
  refuses('registered limit create --service lighthouse --region north --default-limit 10 beams', /409/),
  shows('registered limit show {beams}', { id: '{beams}' }),
  refuses('registered limit show beams', /beams/),
  lists('registered limit list --service lighthouse --resource-name beams', {
    id: '{beams}',
    resource_name: 'beams',
    default_limit: 10,
  }),
  refuses('registered limit list --service foghorn', /foghorn/),
  shows('registered limit set --default-limit 12 {beams}', { default_limit: 12 }),
  refuses('registered limit set --default-limit 12 beams', /beams/),
  shows(
    'limit create --project {fleet} --service lighthouse --region north --resource-limit 5 beams',
    {
      project_id: '{fleet}',
      resource_limit: 5,
      resource_name: 'beams',
      region_id: 'north',
      service_id: '{lighthouse}',
    },
    { keep: 'fleetBeams' },
  ),
  refuses('limit create --project {fleet} --service lighthouse --resource-limit 5 sirens', /403|400|409/),
  shows('limit show {fleetBeams}', { id: '{fleetBeams}' }),
  refuses('limit show beams', /beams/),
  lists('limit list --project {fleet}', { id: '{fleetBeams}', resource_limit: 5 }, { as: 'system' }),
  lists('limit list', { id: '{fleetBeams}', project_id: '{fleet}' }, { as: 'ann' }),
  lists('limit list', { id: '{fleetBeams}', project_id: '{fleet}' }),
  refuses('limit list', /401/, { as: 'outsider' }),
  shows('limit set --resource-limit 6 {fleetBeams}', { resource_limit: 6 }),
  refuses('limit set --resource-limit 6 beams', /beams/),
  refuses('registered limit delete {beams}', /403|registered/),
  refuses('limit delete {fleetBeams}', /403/, { as: 'ann' }),
  does('limit delete {fleetBeams}'),
  does('registered limit delete {beams}'),
];

export const catalogLeaves: readonly Step[] = [
  does('endpoint delete {lamp}'),
  refuses('endpoint delete {lamp}', /endpoint/),
  lacks('endpoint list', { id: '{lamp}' }),
  does('service delete lighthouse'),
  refuses('service delete lighthouse', /service/),
  refuses('region delete north', /403/, { as: 'ann' }),
  does('region delete north'),
];
