import { type Call, created, type Handler, noContent, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { type Port, portRows } from '../ports/resource.ts';
import { fieldsOf, filtered, pick } from '../resources/query.ts';
import { ownersOf } from '../resources/values.ts';
import { activateBinding, type BindingInput, createBinding, removeBinding, updateBinding } from './operations.ts';
import { type Binding, bindingsOf, bindingViews } from './view.ts';

type Params = 'id' | 'host';
interface Body {
  readonly binding?: BindingInput;
}

async function portOf(network: Network, call: Call<unknown, 'id'>, rule: string): Promise<Port> {
  const port = await portRows.find(network.db, call.caller, call.params.id);
  call.authorize(rule, ownersOf(port));
  return port;
}

async function answerOf(network: Network, port: Port, binding: Binding): Promise<object> {
  const [view] = await bindingViews(network, port, [binding]);
  return { binding: view };
}

export const listBindings: Handler<Network, unknown, 'id'> = async (network, call) => {
  const port = await portOf(network, call, 'get_port_binding');
  const views = await bindingViews(network, port, await bindingsOf(network, port));
  const found = filtered(call, ['host', 'vif_type', 'vnic_type', 'status'], views);
  return ok({ bindings: found.map((view) => pick(view, fieldsOf(call))) });
};

export const createPortBinding: Handler<Network, Body, 'id'> = async (network, call) =>
  atomically(network, async (within) => {
    const port = await portOf(within, call, 'create_port_binding');
    return created(await answerOf(within, port, await createBinding(within, port, call.body.binding ?? {})));
  });

type Change = (network: Network, port: Port, host: string, input: BindingInput) => Promise<Binding>;
const changing =
  (rule: string, change: Change): Handler<Network, Body | undefined, Params> =>
  async (network, call) =>
    atomically(network, async (within) => {
      const port = await portOf(within, call, rule);
      const binding = await change(within, port, call.params.host, call.body?.binding ?? {});
      return ok(await answerOf(within, port, binding));
    });

export const updatePortBinding = changing('create_port_binding', updateBinding);
export const activatePortBinding = changing('activate', activateBinding);

export const removePortBinding: Handler<Network, unknown, Params> = async (network, call) => {
  await atomically(network, async (within) => {
    const port = await portOf(within, call, 'delete_port_binding');
    await removeBinding(within, port, call.params.host);
  });
  return noContent();
};
