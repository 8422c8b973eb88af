import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { BareToken, CurrentCaller, type Caller } from '../http/access.js';
import { SIGNED_IN_BODY_PROBLEMS, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { INVALID_LIMIT, paginate, ApiPage, PageQuery } from '../http/pagination.js';
import { Config } from '../config/config.js';
import { NEW_CUSTOMER_EXAMPLE } from '../customers/customers.controller.js';
import { LegacyCustomerDetails, NewCustomer, type CustomerDetails } from '../customers/customers.dto.js';
import { CustomersService } from '../customers/customers.service.js';

/** Its clients know no pages. */
const MOST = '100';

/** The same customers for clients that send the token without `Bearer` and spell `contect`. */
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
   * Your customers, with `contect`
   *
   * @remarks As `GET /customers`, with pages of 100; the token may come without `Bearer`.
   */
  @Get()
  @ApiPage(LegacyCustomerDetails)
  @ApiProblems(INVALID_LIMIT, ...SIGNED_IN_PROBLEMS)
  async list(
    @CurrentCaller() { userId }: Caller,
    @Query() { limit = MOST, cursor }: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LegacyCustomerDetails[]> {
    const query = { limit, cursor };
    const url = `${this.config.publicUrl}/api/customers`;
    return paginate(await this.customers.list(userId, query), query, url, reply).map(withContect);
  }

  /**
   * Add a customer, with `contect`
   *
   * @remarks As `POST /customers`; the token may come without `Bearer`.
   */
  @Post()
  @ApiBody({ type: NewCustomer, examples: NEW_CUSTOMER_EXAMPLE })
  @ApiProblems(...SIGNED_IN_BODY_PROBLEMS)
  async add(@CurrentCaller() { userId }: Caller, @Body() body: NewCustomer): Promise<LegacyCustomerDetails> {
    return withContect(await this.customers.add(userId, body));
  }
}

function withContect(customer: CustomerDetails): LegacyCustomerDetails {
  return { ...customer, contect: customer.contact };
}
