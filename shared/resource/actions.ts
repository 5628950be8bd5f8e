/** Actions of a resource: the one key of the body names the action, its value is the input. */
import { type Answer, accepted, type Call, type Handler, type Route } from '#shared/http/route.ts';

/** What finding the resource of a path needs of a call. */
export type Finding = Pick<Call<unknown, 'id'>, 'caller' | 'params' | 'rule' | 'authorize'>;
type Acting = Pick<Call, 'caller' | 'authorize' | 'may' | 'version'>;

/** Makes the routes of a path. What an action returns is the body of its answer, which is 202 unless told. */
export const actionsOn =
  <Service, Row>(path: string, find: (service: Service, call: Finding) => Promise<Row>) =>
  <Input>(
    action: string,
    rule: string,
    run: (service: Service, row: Row, input: Input, call: Acting) => Promise<unknown>,
    done: (body: unknown) => Answer = accepted,
  ): Route<Service> => {
    const handler: Handler<Service, Readonly<Record<string, Input>>, 'id'> = async (service, call) =>
      done(await run(service, await find(service, call), call.body[action] as Input, call));
    return { method: 'post', path, action, rule, handler };
  };
