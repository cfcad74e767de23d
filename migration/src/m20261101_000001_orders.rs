//! Orders and their lines.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Orders {
    Table,
    Id,
    UserId,
    TotalAmount,
    Status,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum OrderItems {
    Table,
    Id,
    OrderId,
    Line,
    ProductId,
    Quantity,
    UnitPrice,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let orders = Table::create()
            .table(Orders::Table)
            .col(ColumnDef::new(Orders::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Orders::UserId).uuid().not_null())
            .col(ColumnDef::new(Orders::TotalAmount).big_integer().not_null())
            .col(ColumnDef::new(Orders::Status).text().not_null())
            .col(ColumnDef::new(Orders::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Orders::UpdatedAt).timestamp_with_time_zone().not_null())
            .to_owned();
        let order = ForeignKey::create()
            .name("fk_order_items_order_id")
            .from(OrderItems::Table, OrderItems::OrderId)
            .to(Orders::Table, Orders::Id)
            .to_owned();
        let items = Table::create()
            .table(OrderItems::Table)
            .col(ColumnDef::new(OrderItems::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(OrderItems::OrderId).uuid().not_null())
            .col(ColumnDef::new(OrderItems::Line).integer().not_null())
            .col(ColumnDef::new(OrderItems::ProductId).uuid().not_null())
            .col(ColumnDef::new(OrderItems::Quantity).integer().not_null())
            .col(ColumnDef::new(OrderItems::UnitPrice).big_integer().not_null())
            .foreign_key(&mut order.clone())
            .to_owned();
        manager.create_table(orders).await?;
        manager.create_table(items).await?;
        // The first also serves history pages by time, so it has the order that they have.
        super::run(
            manager,
            &[
                "CREATE INDEX ix_orders_user_id ON orders (user_id, created_at, id)",
                "CREATE INDEX ix_orders_user_id_total_amount ON orders (user_id, total_amount, id)",
                "CREATE INDEX ix_orders_created_at ON orders (created_at DESC)",
                "CREATE UNIQUE INDEX ix_order_items_order_id ON order_items (order_id, line)",
            ],
        )
        .await
    }
}
