import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { BareToken, CurrentCaller, type Caller } from '../http/access.js';
import { SIGNED_IN_BODY_PROBLEMS, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { INVALID_LIMIT, paginate, ApiPage, PageQuery } from '../http/pagination.js';
import { Config } from '../config/config.js';
import { problemsWithMsg } from '../http/msg.js';
import { NEW_CUSTOMER_EXAMPLE } from '../customers/customers.controller.js';
import { NewCustomer, type CustomerDetails } from '../customers/customers.dto.js';
import { CustomerError } from '../customers/customers.errors.js';
import { CustomersService } from '../customers/customers.service.js';
import { CompatCustomerDetails, CompatNewCustomer } from './compat.dto.js';

/** The largest page, because these clients do not follow `Link` to the next one. */
const PAGE_SIZE = '100';

/** `/customers` for clients that send the token without `Bearer` and spell `contect`. */
@ApiTags('Compatibility')
@ApiBearerAuth()
@BareToken()
@Controller('api/customers')
export class CompatCustomersController {
  constructor(
    private readonly customers: CustomersService,
    private readonly config: Config,
  ) {}

  /**
   * List your customers, with `contect`
   *
   * @remarks Works like `GET /customers`, with pages of 100 by default. The token may be sent
   * without `Bearer`.
   */
  @Get()
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 100, default: Number(PAGE_SIZE) },
  })
  @ApiPage(CompatCustomerDetails)
  @ApiProblems(...problemsWithMsg(INVALID_LIMIT, ...SIGNED_IN_PROBLEMS))
  async compatListCustomers(
    @CurrentCaller() { userId }: Caller,
    @Query() { limit = PAGE_SIZE, cursor }: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CompatCustomerDetails[]> {
    const query = { limit, cursor };
    const url = `${this.config.publicUrl}/api/customers`;
    return paginate(await this.customers.list(userId, query), query, url, reply).map(withContect);
  }

  /**
   * Add a customer, with `contect`
   *
   * @remarks Works like `POST /customers`. The token may be sent without `Bearer`.
   */
  @Post()
  @ApiBody({ type: NewCustomer, examples: NEW_CUSTOMER_EXAMPLE })
  @ApiProblems(...problemsWithMsg(CustomerError.tooMany(), ...SIGNED_IN_BODY_PROBLEMS))
  async compatCreateCustomer(
    @CurrentCaller() { userId }: Caller,
    @Body() body: NewCustomer,
  ): Promise<CompatNewCustomer> {
    return { msg: 'Customer added.', ...withContect(await this.customers.add(userId, body)) };
  }
}

function withContect(customer: CustomerDetails): CompatCustomerDetails {
  return { ...customer, contect: customer.contact };
}
