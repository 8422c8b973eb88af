import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, type Caller } from '../http/access.js';
import { SIGNED_IN_BODY_PROBLEMS, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { IdParam } from '../http/id-param.js';
import { INVALID_LIMIT, paginate, ApiPage, PageQuery } from '../http/pagination.js';
import { Config } from '../config/config.js';
import { ChangedCustomer, CustomerDetails, NewCustomer } from './customers.dto.js';
import { CustomerError } from './customers.errors.js';
import { CustomersService } from './customers.service.js';

export const NEW_CUSTOMER_EXAMPLE = {
  customer: {
    summary: 'A customer',
    value: { name: 'Dorothy Vaughan', contact: '+12025550146', address: '1 Navy Yard\nArlington' },
  },
};
const CHANGE_EXAMPLES = {
  address: { summary: 'A new address', value: { address: '2 Navy Yard\nArlington' } },
  contact: { summary: 'Clear the contact', value: { contact: null } },
};

const CustomerId = () => IdParam('id', 'The `id` from a reply of `/customers`.', CustomerError.notFound);

@ApiTags('Customers')
@ApiBearerAuth()
@Controller('customers')
export class CustomersController {
  constructor(
    private readonly customers: CustomersService,
    private readonly config: Config,
  ) {}

  /**
   * List your customers
   *
   * @remarks Oldest first. Follow the `Link` header to the next page until there is none.
   */
  @Get()
  @ApiPage(CustomerDetails)
  @ApiProblems(INVALID_LIMIT, ...SIGNED_IN_PROBLEMS)
  async listCustomers(
    @CurrentCaller() { userId }: Caller,
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerDetails[]> {
    return paginate(
      await this.customers.list(userId, query),
      query,
      `${this.config.publicUrl}/customers`,
      reply,
    );
  }

  /** Add a customer */
  @Post()
  @ApiBody({ type: NewCustomer, examples: NEW_CUSTOMER_EXAMPLE })
  @ApiProblems(CustomerError.tooMany(), ...SIGNED_IN_BODY_PROBLEMS)
  createCustomer(@CurrentCaller() { userId }: Caller, @Body() body: NewCustomer): Promise<CustomerDetails> {
    return this.customers.add(userId, body);
  }

  /** Get a customer */
  @Get(':id')
  @ApiProblems(CustomerError.notFound(), ...SIGNED_IN_PROBLEMS)
  getCustomer(@CurrentCaller() { userId }: Caller, @CustomerId() id: string): Promise<CustomerDetails> {
    return this.customers.find({ id, ownerId: userId });
  }

  /**
   * Change a customer
   *
   * @remarks Fields that are not sent stay unchanged. `null` clears `name` or `contact`.
   */
  @Patch(':id')
  @ApiBody({ type: ChangedCustomer, examples: CHANGE_EXAMPLES })
  @ApiProblems(CustomerError.notFound(), ...SIGNED_IN_BODY_PROBLEMS)
  updateCustomer(
    @CurrentCaller() { userId }: Caller,
    @CustomerId() id: string,
    @Body() body: ChangedCustomer,
  ): Promise<CustomerDetails> {
    return this.customers.change({ id, ownerId: userId }, body);
  }

  /** Remove a customer */
  @Delete(':id')
  @HttpCode(204)
  @ApiProblems(CustomerError.notFound(), ...SIGNED_IN_PROBLEMS)
  deleteCustomer(@CurrentCaller() { userId }: Caller, @CustomerId() id: string): Promise<void> {
    return this.customers.remove({ id, ownerId: userId });
  }
}
