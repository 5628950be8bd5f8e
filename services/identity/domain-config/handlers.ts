import { forbidden } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, type Handler, noContent, ok } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import type { Identity } from '../context.ts';
import { getDomain } from '../projects/store.ts';
import { dropConfig, setConfig } from './operations.ts';
import { absentConfig, defaults, defaultsOf, type Groups, isHidden } from './options.ts';
import { type DomainOption, listOptions } from './store.ts';

interface Place {
  readonly params: { readonly id: string; readonly group?: string; readonly option?: string };
}

/** The domain, group and option of the path. */
const placeOf = ({ params: { id, group, option } }: Place) => ({
  domainId: id,
  ...(group === undefined ? {} : { group }),
  ...(option === undefined ? {} : { option }),
});

const viewOf = (options: readonly DomainOption[]): Groups => {
  const groups: Record<string, Record<string, unknown>> = {};
  for (const { group, option, value } of options)
    if (!isHidden(group, option)) groups[group] = { ...groups[group], [option]: value };
  return groups;
};

async function configOf({ db }: Identity, call: Place): Promise<unknown> {
  const place = placeOf(call);
  const options = (await listOptions(db, place)).filter(({ group, option }) => !isHidden(group, option));
  if (options.length === 0) throw absentConfig(Object.values(place).join(' '));
  if (place.option !== undefined) return Object.fromEntries(options.map(({ option, value }) => [option, value]));
  return viewOf(options);
}

export const showConfig: Handler<Identity, unknown, 'id'> = async (identity, call) => {
  await getDomain(identity.db, call.params.id);
  return ok({ config: await configOf(identity, call) });
};

const securityOptions = ['password_regex', 'password_regex_description'] as const;

/** The password rules, which any user may read. */
export const showSecurity: Handler<Identity> = async ({ config, db }, { params }) => {
  const { id = '', option } = params;
  if (option !== undefined && !securityOptions.some((each) => each === option))
    throw forbidden(`Reading security compliance values other than ${securityOptions.join(' and ')} is not allowed.`);
  await getDomain(db, id);
  const values: Readonly<Record<string, string | null>> = {
    password_regex: config.passwordRegex || null,
    password_regex_description: config.passwordRegexDescription || null,
  };
  if (option === undefined) return ok({ config: { security_compliance: values } });
  return ok({ config: { [option]: own(values, option) } });
};

interface ConfigBody {
  readonly config: Readonly<Record<string, unknown>>;
}

/** Sets the options of the body, which must match the path; resolves with the whole configuration. */
async function store(identity: Identity, call: Call<ConfigBody, 'id'>, keep: boolean) {
  const { domainId, group, option } = placeOf(call);
  await getDomain(identity.db, domainId);
  const { config } = call.body;
  const groups = (option !== undefined && group !== undefined ? { [group]: config } : config) as Groups;
  const isOther = Object.keys(groups).some((each) => group !== undefined && each !== group);
  if (isOther || (option !== undefined && !Object.hasOwn(config, option)))
    throw forbidden('The configuration in the body and the one in the path are not the same.');
  await setConfig(identity, domainId, groups, { keep });
  return viewOf(await listOptions(identity.db, { domainId }));
}

export const putConfig: Handler<Identity, ConfigBody, 'id'> = async (identity, call) => {
  const before = await listOptions(identity.db, { domainId: call.params.id });
  const body = { config: await store(identity, call, false) };
  return before.length > 0 ? ok(body) : created(body);
};

/** Only an existing configuration can be patched. */
export const patchConfig: Handler<Identity, ConfigBody, 'id'> = async (identity, call) => {
  await configOf(identity, { params: { id: call.params.id } });
  return ok({ config: await store(identity, call, true) });
};

export const deleteConfig: Handler<Identity, unknown, 'id'> = async (identity, call): Promise<Answer> => {
  const place = placeOf(call);
  await getDomain(identity.db, place.domainId);
  await dropConfig(identity, place);
  return noContent();
};

export const showDefaults: Handler<Identity> = async (_identity, { params: { group, option } }) => {
  if (group === undefined)
    return ok({ config: Object.fromEntries(Object.keys(defaults).map((name) => [name, defaultsOf(name)])) });
  const known = defaultsOf(group);
  if (option === undefined) return ok({ config: { [group]: known } });
  if (!Object.hasOwn(known, option)) throw absentConfig(`${group} ${option}`);
  return ok({ config: { [option]: own(known, option) } });
};
